package probe

import "golang.org/x/sys/windows"

// fixedDrive tells whether a drive letter is a disk of this computer: a mapped drive whose server is gone
// blocks whoever asks for its size.
func fixedDrive(point string) bool {
	name, err := windows.UTF16PtrFromString(point + `\`)
	return err == nil && windows.GetDriveType(name) == windows.DRIVE_FIXED
}
