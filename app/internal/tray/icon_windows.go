package tray

import "encoding/binary"

// iconSide is the side of the tray's pictures in pixels.
const iconSide = 64

// iconBytes wraps a PNG into an ICO file of one picture, the form that Windows takes.
func iconBytes(png []byte) []byte {
	const header, entry = 6, 16
	ico := make([]byte, 0, header+entry+len(png))
	le := binary.LittleEndian
	ico = le.AppendUint16(ico, 0) // reserved
	ico = le.AppendUint16(ico, 1) // an icon
	ico = le.AppendUint16(ico, 1) // one picture
	ico = append(ico, iconSide, iconSide, 0, 0)
	ico = le.AppendUint16(ico, 1)  // planes
	ico = le.AppendUint16(ico, 32) // bits a pixel
	ico = le.AppendUint32(ico, uint32(len(png)))
	ico = le.AppendUint32(ico, header+entry)
	return append(ico, png...)
}
