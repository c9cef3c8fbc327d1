package worksheet

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
)

// Strip removes from a picture what identifies its maker: place, device, time, comments, thumbnails, and any data after
// its end. It keeps the orientation of a phone's photo. data is a picture that Check accepted; a PDF is returned
// unchanged.
func Strip(data []byte, contentType string) []byte {
	switch contentType {
	case TypeJPEG:
		return stripJPEG(data)
	case TypePNG:
		return stripPNG(data)
	}
	return data
}

// Markers of JPEG (ISO/IEC 10918-1, table B.1).
const (
	markerEOI  = 0xd9
	markerSOS  = 0xda
	markerAPP0 = 0xe0
	markerAPP1 = 0xe1
	markerICC  = 0xe2 // APP2: colour profile, and further pictures
	markerAdob = 0xee // APP14: how colours are to be read
	markerCOM  = 0xfe
)

func stripJPEG(data []byte) []byte {
	out := slices.Clone(data[:2])
	for at := 2; at+4 <= len(data); {
		marker := data[at+1]
		if data[at] != 0xff || marker == markerEOI {
			break
		}
		if marker == 0xff { // fill
			at++
			continue
		}
		end := at + 2 + int(binary.BigEndian.Uint16(data[at+2:]))
		if end < at+4 || end > len(data) { // a segment's length counts its own two bytes
			break
		}
		body := data[at+4 : end]
		switch {
		case marker == markerAPP1:
			if o := orientation(body); o > 1 {
				out = append(out, orientationSegment(o)...)
			}
		case marker == markerCOM, marker > markerAPP0 && marker <= 0xef && marker != markerAdob &&
			!(marker == markerICC && bytes.HasPrefix(body, []byte("ICC_PROFILE\x00"))):
		default:
			out = append(out, data[at:end]...)
		}
		at = end
		if marker == markerSOS {
			scan := scanned(data[at:])
			out = append(out, data[at:at+scan]...)
			at += scan
		}
	}
	return append(out, 0xff, markerEOI)
}

// scanned returns the length of a scan's data, up to the next marker that is not part of it.
func scanned(data []byte) int {
	for i := 0; i+1 < len(data); i++ {
		if m := data[i+1]; data[i] == 0xff && m != 0 && m != 0xff && (m < 0xd0 || m > 0xd7) {
			return i
		}
	}
	return len(data)
}

// orientation reads the only EXIF tag that is kept (0x0112): 1 to 8, or 0 when it is missing.
func orientation(exif []byte) uint16 {
	tiff, ok := bytes.CutPrefix(exif, []byte("Exif\x00\x00"))
	if !ok || len(tiff) < 8 {
		return 0
	}
	var order binary.ByteOrder = binary.LittleEndian
	if tiff[0] == 'M' {
		order = binary.BigEndian
	}
	at := uint64(order.Uint32(tiff[4:]))
	if at+2 > uint64(len(tiff)) {
		return 0
	}
	for n := range uint64(order.Uint16(tiff[at:])) {
		entry := at + 2 + 12*n
		if entry+12 > uint64(len(tiff)) {
			break
		}
		if order.Uint16(tiff[entry:]) == 0x0112 {
			if o := order.Uint16(tiff[entry+8:]); o >= 1 && o <= 8 {
				return o
			}
		}
	}
	return 0
}

// orientationSegment is an EXIF segment with the orientation only.
func orientationSegment(o uint16) []byte {
	tiff := []byte(
		"Exif\x00\x00MM\x00\x2a\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00\x00\x00\x00\x00\x00\x00\x00")
	binary.BigEndian.PutUint16(tiff[24:], o)
	return append([]byte{0xff, markerAPP1, 0, byte(len(tiff) + 2)}, tiff...)
}

// pngKept are the chunks that the picture needs (PNG, third edition, chapter 11).
var pngKept = []string{"IHDR", "PLTE", "IDAT", "IEND", "tRNS", "cHRM", "gAMA", "iCCP", "sBIT", "sRGB", "cICP",
	"bKGD", "pHYs"}

func stripPNG(data []byte) []byte {
	const head = 8
	out := slices.Clone(data[:head])
	for at := head; at+12 <= len(data); {
		end := uint64(at) + 12 + uint64(binary.BigEndian.Uint32(data[at:]))
		if end > uint64(len(data)) {
			break
		}
		kind := string(data[at+4 : at+8])
		if slices.Contains(pngKept, kind) {
			out = append(out, data[at:end]...)
		}
		if at = int(end); kind == "IEND" {
			return out
		}
	}
	var end [12]byte
	copy(end[4:], "IEND")
	binary.BigEndian.PutUint32(end[8:], crc32.ChecksumIEEE(end[4:8]))
	return append(out, end[:]...)
}
