package act

import "golang.org/x/sys/windows"

// programFolders is the folder that Windows itself names, whatever the environment says.
func programFolders() []string {
	dir, err := windows.GetSystemDirectory()
	if err != nil {
		return nil
	}
	return []string{dir}
}
