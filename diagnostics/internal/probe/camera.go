package probe

import "context"

// Cameras looks for cameras without ever taking a picture. It can be replaced in tests.
type Cameras struct {
	List func(ctx context.Context) (CameraList, error)
}

// CameraList is what there is of cameras.
type CameraList struct {
	// Working answer as cameras; Denied exist but may not be opened by this user.
	Working, Denied int
	// Untaken are cameras on the USB bus that no driver has taken.
	Untaken int
	// Holders are the user's own programs that have a camera open, by name.
	Holders []string
}

// NewCameras reads this computer.
func NewCameras() Cameras { return Cameras{List: cameraList} }
