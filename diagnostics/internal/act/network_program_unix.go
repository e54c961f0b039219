//go:build !windows

package act

// programFolders are where a system keeps its own programs.
func programFolders() []string { return []string{"/usr/bin", "/bin", "/usr/sbin", "/sbin"} }
