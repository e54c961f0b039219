package probe

import (
	"context"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// The parts of wlanapi.dll that are used. What names a network (the connection's attributes) is not asked.
const (
	wlanVersion    = 2
	wlanRadioState = 4
	wlanRSSI       = 0x10000102
	wlanInfoHead   = 8
	wlanInfoSize   = 16 + 2*256 + 4
	wlanConnected  = 1
	wlanNotRunning = windows.ERROR_SERVICE_NOT_ACTIVE
)

type wlanClient struct {
	dll    *windows.LazyDLL
	handle uintptr
}

// openWlan connects to the Wi-Fi service; a computer without it (a server) has none.
func openWlan() (*wlanClient, error) {
	c := &wlanClient{dll: windows.NewLazySystemDLL("wlanapi.dll")}
	proc := c.dll.NewProc("WlanOpenHandle")
	if err := proc.Find(); err != nil {
		return nil, nil
	}
	var version uint32
	rc, _, _ := proc.Call(wlanVersion, 0, uintptr(unsafe.Pointer(&version)), uintptr(unsafe.Pointer(&c.handle)))
	if windows.Errno(rc) == wlanNotRunning {
		return nil, nil
	}
	if rc != 0 {
		return nil, windows.Errno(rc)
	}
	return c, nil
}

func (c *wlanClient) close() { _, _, _ = c.dll.NewProc("WlanCloseHandle").Call(c.handle, 0) }

func (c *wlanClient) free(p unsafe.Pointer) {
	_, _, _ = c.dll.NewProc("WlanFreeMemory").Call(uintptr(p))
}

// wlanInterface is one adapter: its id and whether it is connected.
type wlanInterface struct {
	id        windows.GUID
	connected bool
}

func (c *wlanClient) interfaces() ([]wlanInterface, error) {
	var list unsafe.Pointer
	rc, _, _ := c.dll.NewProc("WlanEnumInterfaces").Call(c.handle, 0, uintptr(unsafe.Pointer(&list)))
	if rc != 0 {
		return nil, windows.Errno(rc)
	}
	defer c.free(list)
	n := int(*(*uint32)(list))
	const most = 8
	n = min(n, most)
	return parseWlanInterfaces(unsafe.Slice((*byte)(list), wlanInfoHead+n*wlanInfoSize), n), nil
}

// parseWlanInterfaces reads WLAN_INTERFACE_INFO records: an id, 256 characters of description, a state.
func parseWlanInterfaces(raw []byte, n int) []wlanInterface {
	var list []wlanInterface
	for i := range n {
		rec := raw[wlanInfoHead+i*wlanInfoSize:]
		list = append(list, wlanInterface{
			id:        *(*windows.GUID)(unsafe.Pointer(&rec[0])),
			connected: *(*uint32)(unsafe.Pointer(&rec[wlanInfoSize-4])) == wlanConnected,
		})
	}
	return list
}

// query copies one value of an interface.
func (c *wlanClient) query(id windows.GUID, opcode uint32) ([]byte, error) {
	var size uint32
	var data unsafe.Pointer
	rc, _, _ := c.dll.NewProc("WlanQueryInterface").Call(c.handle, uintptr(unsafe.Pointer(&id)),
		uintptr(opcode), 0, uintptr(unsafe.Pointer(&size)), uintptr(unsafe.Pointer(&data)), 0)
	if rc != 0 {
		return nil, windows.Errno(rc)
	}
	defer c.free(data)
	return append([]byte(nil), unsafe.Slice((*byte)(data), size)...), nil
}

// wlanPatience is what the Wi-Fi service may take: it lives on this computer.
const wlanPatience = 600 * time.Millisecond

// bounded leaves a question to the Wi-Fi service behind when it is not answered in time: the calls themselves
// know no deadline.
func bounded[T any](ctx context.Context, ask func() (T, error)) (T, error) {
	ctx, cancel := context.WithTimeout(ctx, wlanPatience)
	defer cancel()
	type answer struct {
		v   T
		err error
	}
	answers := make(chan answer, 1)
	go func() {
		v, err := ask()
		answers <- answer{v, err}
	}()
	select {
	case a := <-answers:
		return a.v, a.err
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	}
}

// ReadRadios asks the Wi-Fi service.
func ReadRadios(ctx context.Context) (Radios, error) { return bounded(ctx, readRadios) }

func readRadios() (Radios, error) {
	var r Radios
	c, err := openWlan()
	if c == nil || err != nil {
		return r, err
	}
	defer c.close()
	list, err := c.interfaces()
	if err != nil {
		return r, err
	}
	soft, hard := 0, 0
	for _, i := range list {
		raw, err := c.query(i.id, wlanRadioState)
		if err != nil {
			return Radios{}, err
		}
		r.Present++
		s, h := parseRadioState(raw)
		if s {
			soft++
		}
		if h {
			hard++
		}
	}
	r.Soft, r.Hard = r.Present > 0 && soft == r.Present, r.Present > 0 && hard == r.Present
	return r, nil
}

// RadiosBlocked tells whether every Wi-Fi radio is switched off.
func RadiosBlocked() bool {
	r, err := ReadRadios(context.Background())
	return err == nil && r.Off()
}

// WifiSignals are the power of the connections in use.
func WifiSignals(ctx context.Context) ([]Signal, error) { return bounded(ctx, readSignals) }

func readSignals() ([]Signal, error) {
	c, err := openWlan()
	if c == nil || err != nil {
		return nil, err
	}
	defer c.close()
	list, err := c.interfaces()
	if err != nil {
		return nil, err
	}
	var signals []Signal
	for _, i := range list {
		if !i.connected {
			continue
		}
		raw, err := c.query(i.id, wlanRSSI)
		if err != nil || len(raw) < 4 {
			return nil, err // also "access denied", where the user has not allowed location
		}
		dBm := int(*(*int32)(unsafe.Pointer(&raw[0])))
		signals = append(signals, Signal{Strength: percent(dBm), DBm: dBm})
	}
	return signals, nil
}
