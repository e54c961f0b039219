package probe

import (
	"encoding/json"
	"fmt"
	"strings"
)

// ParseMacSound reads what system_profiler says of the sound devices, as JSON. Volume and muting are not in
// it.
func ParseMacSound(raw []byte) (SoundServer, error) {
	var report struct {
		Audio []struct {
			Items []map[string]any `json:"_items"`
		} `json:"SPAudioDataType"`
	}
	if err := json.Unmarshal(raw, &report); err != nil {
		return SoundServer{}, fmt.Errorf("read system_profiler: %w", err)
	}
	s := SoundServer{Backend: "coreaudio"}
	for _, group := range report.Audio {
		for _, item := range group.Items {
			s.addMac(item)
		}
	}
	return s, nil
}

func (s *SoundServer) addMac(item map[string]any) {
	text := func(key string) string { v, _ := item[key].(string); return v }
	d := SoundDevice{Kind: macSoundKind(text("coreaudio_device_transport"))}
	if _, ok := item["coreaudio_device_output"]; ok {
		s.Outputs = append(s.Outputs, d)
	}
	if _, ok := item["coreaudio_device_input"]; ok {
		s.Inputs = append(s.Inputs, d)
	}
	if strings.HasSuffix(text("coreaudio_default_audio_output_device"), "yes") {
		s.Output = &d
	}
	if strings.HasSuffix(text("coreaudio_default_audio_input_device"), "yes") {
		s.Input = &d
	}
}

func macSoundKind(transport string) string {
	switch {
	case strings.Contains(transport, "builtin"):
		return "analog"
	case strings.Contains(transport, "hdmi"), strings.Contains(transport, "displayport"):
		return "hdmi"
	case strings.Contains(transport, "bluetooth"):
		return "bluetooth"
	case strings.Contains(transport, "usb"):
		return "usb"
	}
	return "other"
}
