package probe

import (
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// sioTCPInfo asks for version 0 of TCP_INFO, which Windows 10 has had since 1703.
const sioTCPInfo = 0xD8000027

// tcpInfoV0 is Windows' TCP_INFO_v0.
type tcpInfoV0 struct {
	State             int32
	Mss               uint32
	ConnectionTimeMs  uint64
	TimestampsEnabled uint8
	RttUs             uint32
	MinRttUs          uint32
	BytesInFlight     uint32
	Cwnd              uint32
	SndWnd            uint32
	RcvWnd            uint32
	RcvBuf            uint32
	BytesOut          uint64
	BytesIn           uint64
	BytesReordered    uint32
	BytesRetrans      uint32
	FastRetrans       uint32
	DupAcksIn         uint32
	TimeoutEpisodes   uint32
	SynRetrans        uint8
}

func readTCPState(fd uintptr) (TCPState, bool) {
	var version uint32
	var info tcpInfoV0
	var got uint32
	err := windows.WSAIoctl(windows.Handle(fd), sioTCPInfo,
		(*byte)(unsafe.Pointer(&version)), uint32(unsafe.Sizeof(version)),
		(*byte)(unsafe.Pointer(&info)), uint32(unsafe.Sizeof(info)), &got, nil, 0)
	if err != nil {
		return TCPState{}, false
	}
	s := TCPState{
		RTT:     time.Duration(info.RttUs) * time.Microsecond,
		Retrans: int(info.SynRetrans) + int(info.TimeoutEpisodes) + int(info.FastRetrans),
		MSS:     int(info.Mss), OutOfOrder: int(info.BytesReordered),
	}
	if s.MSS > 0 {
		s.Unacked = (int(info.BytesInFlight) + s.MSS - 1) / s.MSS
	}
	if sent := info.BytesOut; sent > uint64(info.BytesInFlight) {
		s.Acked = sent - uint64(info.BytesInFlight)
	}
	return s, true
}
