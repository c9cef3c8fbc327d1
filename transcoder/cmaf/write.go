package cmaf

import (
	"encoding/binary"
	"fmt"
)

// The tracks' numbers in everything written here.
const (
	videoID = 1
	soundID = 2
)

// Stream describes one track of a rendition, the same in all its pieces.
type Stream struct {
	Handler   string // "vide" or "soun"
	Timescale int64
	Width     int
	Height    int
	Config    []byte // avcC's content, or the AudioSpecificConfig
	Channels  int
	// Delay is how far decoding runs ahead of showing, in the timescale. It
	// stands in the init section's edit list, so that a segment's decoding
	// times begin at its place in the lesson and every player, ffmpeg's
	// too, shows the first picture at exactly that place.
	Delay int64
}

// Part is one track's share of a segment.
type Part struct {
	Start   int64 // decoding time of the first sample, in the timescale
	Samples []Timed
}

// Timed is a sample with its place in a segment.
type Timed struct {
	Data     []byte
	Duration int64 // in the timescale
	Offset   int64 // presentation after decoding time
	Key      bool
}

func u16(v int) []byte   { return binary.BigEndian.AppendUint16(nil, uint16(v)) }
func u32(v int64) []byte { return binary.BigEndian.AppendUint32(nil, uint32(v)) }
func u64(v int64) []byte { return binary.BigEndian.AppendUint64(nil, uint64(v)) }

func join(parts ...[]byte) []byte {
	var b []byte
	for _, p := range parts {
		b = append(b, p...)
	}
	return b
}

// mk makes a box.
func mk(kind string, parts ...[]byte) []byte {
	body := join(parts...)
	return join(u32(int64(len(body)+8)), []byte(kind), body)
}

// full makes a box with version and flags.
func full(kind string, version byte, flags int64, parts ...[]byte) []byte {
	head := u32(flags)
	head[0] = version
	return mk(kind, append([][]byte{head}, parts...)...)
}

var unity = join(u32(0x10000), u32(0), u32(0), u32(0), u32(0x10000), u32(0), u32(0), u32(0), u32(0x40000000))

// Init makes the init section. It holds no time, no name and no number that
// differs from piece to piece.
func Init(streams []Stream) []byte {
	ftyp := mk("ftyp", []byte("iso6"), u32(0), []byte("iso6cmfcmp41"))
	moov := [][]byte{full("mvhd", 0, 0, u32(0), u32(0), u32(1000), u32(0), u32(0x10000), u16(0x100), make([]byte, 10),
		unity, make([]byte, 24), u32(soundID+1))}
	var mvex [][]byte
	for _, s := range streams {
		moov = append(moov, trak(s))
		mvex = append(mvex, full("trex", 0, 0, u32(s.id()), u32(1), u32(0), u32(0), u32(0)))
	}
	moov = append(moov, mk("mvex", mvex...))
	return join(ftyp, mk("moov", moov...))
}

func (s Stream) id() int64 {
	if s.Handler == "soun" {
		return soundID
	}
	return videoID
}

func trak(s Stream) []byte {
	volume, media, name := 0, full("vmhd", 0, 1, make([]byte, 8)), "Picture\x00"
	if s.Handler == "soun" {
		volume, media, name = 0x100, full("smhd", 0, 0, make([]byte, 4)), "Sound\x00"
	}
	tkhd := full("tkhd", 0, 7, u32(0), u32(0), u32(s.id()), u32(0), u32(0), make([]byte, 8), u16(0), u16(0),
		u16(volume), u16(0), unity,
		u32(int64(s.Width)<<16), u32(int64(s.Height)<<16))
	parts := [][]byte{tkhd}
	if s.Delay > 0 {
		parts = append(parts, mk("edts", full("elst", 0, 0, u32(1), u32(0), u32(s.Delay), u16(1), u16(0))))
	}
	empty := func(kind string) []byte { return full(kind, 0, 0, u32(0)) }
	stbl := mk("stbl", full("stsd", 0, 0, u32(1), entry(s)), empty("stts"), empty("stsc"),
		full("stsz", 0, 0, u32(0), u32(0)), empty("stco"))
	dinf := mk("dinf", full("dref", 0, 0, u32(1), full("url ", 0, 1)))
	mdia := mk("mdia",
		full("mdhd", 0, 0, u32(0), u32(0), u32(s.Timescale), u32(0), u16(0x55c4), u16(0)), // language "und"
		full("hdlr", 0, 0, u32(0), []byte(s.Handler), make([]byte, 12), []byte(name)),
		mk("minf", media, dinf, stbl))
	return mk("trak", append(parts, mdia)...)
}

func entry(s Stream) []byte {
	head := join(make([]byte, 6), u16(1))
	if s.Handler == "vide" {
		return mk("avc1", head, make([]byte, 16), u16(s.Width), u16(s.Height), u32(0x480000), u32(0x480000), u32(0),
			u16(1), make([]byte, 32), u16(24), u16(0xffff),
			mk("avcC", s.Config))
	}
	info := descriptor(5, s.Config)
	dec := descriptor(4, []byte{0x40, 0x15, 0, 0, 0}, u32(0), u32(0), info)
	es := descriptor(3, u16(soundID), []byte{0}, dec, descriptor(6, []byte{2}))
	return mk("mp4a", head, make([]byte, 8), u16(s.Channels), u16(16), u32(0), u32(s.Timescale<<16),
		full("esds", 0, 0, es))
}

func descriptor(tag byte, parts ...[]byte) []byte {
	body := join(parts...)
	return join([]byte{tag, 0x80, 0x80, 0x80, byte(len(body))}, body)
}

// Segment makes one media segment: one moof and its mdat. parts stands in the
// order of streams.
func Segment(number int64, streams []Stream, parts []Part) ([]byte, error) {
	if len(streams) != len(parts) {
		return nil, fmt.Errorf("%d parts for %d tracks", len(parts), len(streams))
	}
	moof := makeMoof(number, streams, parts, make([]int64, len(parts)))
	offsets, at := make([]int64, len(parts)), int64(len(moof)+8)
	for i, p := range parts {
		offsets[i] = at
		for _, s := range p.Samples {
			at += int64(len(s.Data))
		}
	}
	moof = makeMoof(number, streams, parts, offsets)
	out := append(make([]byte, 0, int(at)+24), mk("styp", []byte("msdh"), u32(0), []byte("msdhmsix"))...)
	out = append(out, moof...)
	out = append(out, u32(at-int64(len(moof)))...)
	out = append(out, "mdat"...)
	for _, p := range parts {
		for _, s := range p.Samples {
			out = append(out, s.Data...)
		}
	}
	return out, nil
}

func makeMoof(number int64, streams []Stream, parts []Part, offsets []int64) []byte {
	moof := [][]byte{full("mfhd", 0, 0, u32(number))}
	for i, p := range parts {
		const (
			defaultBaseIsMoof = 0x020000
			// data offset, and per sample: duration, size, flags, composition offset
			runFlags = 0x000001 | 0x000100 | 0x000200 | 0x000400 | 0x000800
			isKey    = 0x02000000 // depends on no other
			notKey   = 0x01010000 // depends on others, not a sync sample
		)
		run := [][]byte{u32(int64(len(p.Samples))), u32(offsets[i])}
		for _, s := range p.Samples {
			flags := int64(notKey)
			if s.Key {
				flags = isKey
			}
			run = append(run, u32(s.Duration), u32(int64(len(s.Data))), u32(flags), u32(s.Offset))
		}
		moof = append(moof, mk("traf",
			full("tfhd", 0, defaultBaseIsMoof, u32(streams[i].id())),
			full("tfdt", 1, 0, u64(p.Start)),
			full("trun", 1, runFlags, run...)))
	}
	return mk("moof", moof...)
}

// Codecs names the streams as RFC 6381 wants it, from their configuration.
func Codecs(streams []Stream) (string, error) {
	text := ""
	for _, s := range streams {
		name := "mp4a.40.2"
		if s.Handler == "vide" {
			if len(s.Config) < 4 {
				return "", errMP4
			}
			name = fmt.Sprintf("avc1.%02x%02x%02x", s.Config[1], s.Config[2], s.Config[3])
		}
		if text != "" {
			text += ","
		}
		text += name
	}
	return text, nil
}
