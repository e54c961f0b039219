package stage

import (
	"encoding/binary"
	"io"
	"time"
)

// serveTime answers SNTP with the world's time.
func (w *World) serveTime(addr string) ([]io.Closer, error) {
	pc, err := w.lab.ListenPacket(addr)
	if err != nil {
		return nil, err
	}
	go func() {
		const size, serverV4, stratum = 48, 0x24, 2
		buf := make([]byte, 512)
		for {
			n, from, err := pc.ReadFrom(buf)
			if err != nil {
				return
			}
			if n < size {
				continue
			}
			w.count("sntp")
			answer := make([]byte, size)
			answer[0], answer[1] = serverV4, stratum
			copy(answer[24:32], buf[40:48])
			now := w.now()
			stamp(answer[32:], now)
			stamp(answer[40:], now)
			_, _ = pc.WriteTo(answer, from)
		}
	}()
	return []io.Closer{pc}, nil
}

// stamp writes NTP's 64 bits: seconds since 1900 and a fraction.
func stamp(b []byte, t time.Time) {
	const from1900to1970 = 2208988800
	binary.BigEndian.PutUint32(b, uint32(t.Unix()+from1900to1970))
	binary.BigEndian.PutUint32(b[4:], uint32(uint64(t.Nanosecond())<<32/1e9))
}
