//go:build unix

package probe

const onUnix = true
