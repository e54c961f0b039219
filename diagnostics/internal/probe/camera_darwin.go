package probe

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

func cameraList(ctx context.Context) (CameraList, error) {
	out, _, err := command(ctx, 3*time.Second, "system_profiler", "-json", "SPCameraDataType")
	if err != nil {
		return CameraList{}, err
	}
	var report struct {
		Cameras []json.RawMessage `json:"SPCameraDataType"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		return CameraList{}, fmt.Errorf("read system_profiler: %w", err)
	}
	return CameraList{Working: len(report.Cameras)}, nil
}
