package probe

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"unsafe"

	"golang.org/x/sys/windows"
)

// batteryInterface is GUID_DEVICE_BATTERY.
var batteryInterface = windows.GUID{
	Data1: 0x72631e54, Data2: 0x78a4, Data3: 0x11d0,
	Data4: [8]byte{0xbc, 0xf7, 0x00, 0xaa, 0x00, 0xb7, 0xb3, 0x2a},
}

// The questions that a battery's driver answers (poclass.h).
const (
	batteryQueryTag    = 0x294040
	batteryInformation = 0x294044
	batteryStatusCode  = 0x29404c
)

func supplies(context.Context) (Supplies, error) {
	paths, err := windows.CM_Get_Device_Interface_List("", &batteryInterface,
		windows.CM_GET_DEVICE_INTERFACE_LIST_PRESENT)
	if err != nil {
		return Supplies{}, fmt.Errorf("list batteries: %w", err)
	}
	var s Supplies
	for _, p := range paths {
		if p == "" {
			continue
		}
		info, status, err := readBattery(p)
		if err != nil {
			return s, err
		}
		s.addWindows(info, status)
	}
	return s, nil
}

// readBattery opens a battery and asks for its tag, its information and its state, in this order.
func readBattery(path string) (info batteryInfo, status batteryStatus, err error) {
	name, err := windows.UTF16PtrFromString(path)
	if err != nil {
		return info, status, fmt.Errorf("open battery: %w", err)
	}
	h, err := windows.CreateFile(name, windows.GENERIC_READ|windows.GENERIC_WRITE,
		windows.FILE_SHARE_READ|windows.FILE_SHARE_WRITE, nil, windows.OPEN_EXISTING, 0, 0)
	if err != nil {
		return info, status, fmt.Errorf("open battery: %w", err)
	}
	defer func() { _ = windows.CloseHandle(h) }()
	var wait, tag uint32
	if err := batteryAsk(h, batteryQueryTag, &wait, &tag); err != nil || tag == 0 {
		return info, status, fmt.Errorf("ask for the battery's tag: %w", err)
	}
	question := struct {
		Tag, Level uint32 // level 0 is BatteryInformation
		AtRate     int32
	}{Tag: tag}
	if err := batteryAsk(h, batteryInformation, &question, &info); err != nil {
		return info, status, fmt.Errorf("ask the battery: %w", err)
	}
	now := struct{ Tag, Timeout, State, Low, High uint32 }{Tag: tag}
	if err := batteryAsk(h, batteryStatusCode, &now, &status); err != nil {
		return info, status, fmt.Errorf("ask for the battery's state: %w", err)
	}
	return info, status, nil
}

// batteryAsk sends a question of fixed size and reads an answer of fixed size.
func batteryAsk(h windows.Handle, code uint32, question, answer any) error {
	var in bytes.Buffer
	if err := binary.Write(&in, binary.LittleEndian, question); err != nil {
		return err
	}
	out := make([]byte, binary.Size(answer))
	var n uint32
	raw := in.Bytes()
	err := windows.DeviceIoControl(h, code, unsafe.SliceData(raw), uint32(len(raw)),
		unsafe.SliceData(out), uint32(len(out)), &n, nil)
	if err != nil {
		return err
	}
	if int(n) < len(out) {
		return ErrNoFigures
	}
	return binary.Read(bytes.NewReader(out), binary.LittleEndian, answer)
}
