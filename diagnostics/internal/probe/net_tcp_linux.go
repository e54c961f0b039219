package probe

import (
	"time"

	"golang.org/x/sys/unix"
)

func readTCPState(fd uintptr) (TCPState, bool) {
	info, err := unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO)
	if err != nil {
		return TCPState{}, false
	}
	return TCPState{
		RTT: time.Duration(info.Rtt) * time.Microsecond, Retrans: int(info.Total_retrans),
		Unacked: int(info.Unacked), Acked: info.Bytes_acked, MSS: int(info.Snd_mss),
		OutOfOrder: int(info.Rcv_ooopack),
	}, true
}
