// Package cmaf takes the MP4 files that ffmpeg wrote for one piece apart and
// packages their samples as CMAF: init sections that are the same in every
// piece, and segments on one timeline that runs through the whole lesson.
//
// ffmpeg's own fragmented MP4 does not join: its HLS muxer hides a piece's
// offset in the edit list of each init section, and its output_ts_offset
// shifts the picture by the encoder's reordering.
package cmaf

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
)

// Sample is one encoded picture or sound frame.
type Sample struct {
	Data   []byte
	Decode int64 // decoding time, in the track's timescale
	Show   int64 // presentation time, in the track's timescale
	Key    bool
}

// Track is one elementary stream.
type Track struct {
	Handler   string // "vide" or "soun"
	Timescale int64
	Width     int
	Height    int
	Config    []byte // avcC's content, or the AudioSpecificConfig
	Channels  int
	Rate      int
	Samples   []Sample
}

var errMP4 = errors.New("malformed MP4")

// box is one box of a file: its type and content.
type box struct {
	kind string
	data []byte
}

// boxes splits data into the boxes it is made of.
func boxes(data []byte) ([]box, error) {
	var list []box
	for len(data) > 0 {
		if len(data) < 8 {
			return nil, errMP4
		}
		size, head := int64(binary.BigEndian.Uint32(data)), 8
		if size == 1 {
			if len(data) < 16 {
				return nil, errMP4
			}
			size, head = int64(binary.BigEndian.Uint64(data[8:])), 16
		} else if size == 0 {
			size = int64(len(data))
		}
		if size < int64(head) || size > int64(len(data)) {
			return nil, errMP4
		}
		list = append(list, box{string(data[4:8]), data[head:size]})
		data = data[size:]
	}
	return list, nil
}

// find walks down a path of boxes and gives the first match's content.
func find(data []byte, path ...string) ([]byte, error) {
	for _, name := range path {
		list, err := boxes(data)
		if err != nil {
			return nil, err
		}
		found := false
		for _, b := range list {
			if b.kind == name {
				data, found = b.data, true
				break
			}
		}
		if !found {
			return nil, fmt.Errorf("%w: no %s", errMP4, name)
		}
	}
	return data, nil
}

// ReadFile reads the tracks of a plain (not fragmented) MP4 file written by
// our own ffmpeg. The file is held in memory: a piece of 48 s at the highest
// cap is 18 MB.
func ReadFile(path string) ([]Track, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	moov, err := find(data, "moov")
	if err != nil {
		return nil, err
	}
	list, err := boxes(moov)
	if err != nil {
		return nil, err
	}
	var tracks []Track
	for _, b := range list {
		if b.kind != "trak" {
			continue
		}
		t, err := readTrack(data, b.data)
		if err != nil {
			return nil, err
		}
		tracks = append(tracks, t)
	}
	return tracks, nil
}

func readTrack(file, trak []byte) (Track, error) {
	var t Track
	mdia, err := find(trak, "mdia")
	if err != nil {
		return t, err
	}
	mdhd, err := find(mdia, "mdhd")
	if err != nil {
		return t, err
	}
	if len(mdhd) < 24 {
		return t, errMP4
	}
	if mdhd[0] == 1 {
		t.Timescale = int64(binary.BigEndian.Uint32(mdhd[20:]))
	} else {
		t.Timescale = int64(binary.BigEndian.Uint32(mdhd[12:]))
	}
	hdlr, err := find(mdia, "hdlr")
	if err != nil || len(hdlr) < 12 {
		return t, errMP4
	}
	t.Handler = string(hdlr[8:12])
	stbl, err := find(mdia, "minf", "stbl")
	if err != nil {
		return t, err
	}
	if err := readEntry(&t, stbl); err != nil {
		return t, err
	}
	return t, readSamples(&t, file, stbl)
}

// readEntry reads the sample description: exactly one is expected.
func readEntry(t *Track, stbl []byte) error {
	stsd, err := find(stbl, "stsd")
	if err != nil {
		return err
	}
	if len(stsd) < 8 || binary.BigEndian.Uint32(stsd[4:]) != 1 {
		return fmt.Errorf("%w: not one sample description", errMP4)
	}
	entries, err := boxes(stsd[8:])
	if err != nil || len(entries) != 1 {
		return errMP4
	}
	e := entries[0]
	switch {
	case e.kind == "avc1" && len(e.data) > 78:
		t.Width = int(binary.BigEndian.Uint16(e.data[24:]))
		t.Height = int(binary.BigEndian.Uint16(e.data[26:]))
		t.Config, err = find(e.data[78:], "avcC")
		return err
	case e.kind == "mp4a" && len(e.data) > 28:
		t.Channels = int(binary.BigEndian.Uint16(e.data[16:]))
		t.Rate = int(binary.BigEndian.Uint32(e.data[24:]) >> 16)
		esds, err := find(e.data[28:], "esds")
		if err != nil || len(esds) < 4 {
			return errMP4
		}
		t.Config, err = decoderConfig(esds[4:])
		return err
	}
	return fmt.Errorf("%w: sample entry %q", errMP4, e.kind)
}

// decoderConfig finds the AudioSpecificConfig in an ES descriptor (ISO/IEC
// 14496-1): ES (3) > decoder configuration (4) > specific information (5).
func decoderConfig(d []byte) ([]byte, error) {
	for len(d) >= 2 {
		tag, i, size := d[0], 1, 0
		for {
			if i >= len(d) {
				return nil, errMP4
			}
			c := d[i]
			i++
			size = size<<7 | int(c&0x7f)
			if c&0x80 == 0 {
				break
			}
		}
		if i+size > len(d) {
			return nil, errMP4
		}
		body := d[i : i+size]
		var skip int
		switch tag {
		case 3:
			skip = 3
		case 4:
			skip = 13
		case 5:
			return body, nil
		default:
			d = d[i+size:]
			continue
		}
		if len(body) < skip {
			return nil, errMP4
		}
		d = body[skip:]
	}
	return nil, errMP4
}

// table gives the entries of a full box with a count: n words of 4 bytes each.
func table(stbl []byte, name string, words int) ([]uint32, error) {
	d, err := find(stbl, name)
	if err != nil {
		return nil, err
	}
	if len(d) < 8 {
		return nil, errMP4
	}
	n := int(binary.BigEndian.Uint32(d[4:])) * words
	if len(d)-8 < n*4 {
		return nil, errMP4
	}
	list := make([]uint32, n)
	for i := range list {
		list[i] = binary.BigEndian.Uint32(d[8+4*i:])
	}
	return list, nil
}

func readSamples(t *Track, file, stbl []byte) error {
	sizes, err := sampleSizes(stbl)
	if err != nil {
		return err
	}
	t.Samples = make([]Sample, len(sizes))
	stts, err := table(stbl, "stts", 2)
	if err != nil {
		return err
	}
	i, at := 0, int64(0)
	for k := 0; k+1 < len(stts); k += 2 {
		for n := uint32(0); n < stts[k] && i < len(sizes); n++ {
			t.Samples[i].Decode, t.Samples[i].Show = at, at
			at += int64(stts[k+1])
			i++
		}
	}
	if i != len(sizes) {
		return fmt.Errorf("%w: %d times for %d samples", errMP4, i, len(sizes))
	}
	if ctts, err := table(stbl, "ctts", 2); err == nil {
		i = 0
		for k := 0; k+1 < len(ctts); k += 2 {
			for n := uint32(0); n < ctts[k] && i < len(sizes); n++ {
				t.Samples[i].Show += int64(int32(ctts[k+1]))
				i++
			}
		}
	}
	if stss, err := table(stbl, "stss", 1); err == nil {
		for _, n := range stss {
			if n < 1 || int(n) > len(sizes) {
				return errMP4
			}
			t.Samples[n-1].Key = true
		}
	} else {
		for i := range t.Samples {
			t.Samples[i].Key = true
		}
	}
	return locate(t, file, stbl, sizes)
}

func sampleSizes(stbl []byte) ([]uint32, error) {
	d, err := find(stbl, "stsz")
	if err != nil {
		return nil, err
	}
	if len(d) < 12 {
		return nil, errMP4
	}
	same, n := binary.BigEndian.Uint32(d[4:]), int(binary.BigEndian.Uint32(d[8:]))
	if same == 0 && len(d)-12 < 4*n || n > 1<<24 {
		return nil, errMP4
	}
	sizes := make([]uint32, n)
	for i := range sizes {
		if sizes[i] = same; same == 0 {
			sizes[i] = binary.BigEndian.Uint32(d[12+4*i:])
		}
	}
	return sizes, nil
}

// locate points every sample at its bytes, chunk by chunk.
func locate(t *Track, file, stbl []byte, sizes []uint32) error {
	stsc, err := table(stbl, "stsc", 3)
	if err != nil {
		return err
	}
	var offsets []int64
	if stco, err := table(stbl, "stco", 1); err == nil {
		for _, o := range stco {
			offsets = append(offsets, int64(o))
		}
	} else {
		co64, err := table(stbl, "co64", 2)
		if err != nil {
			return err
		}
		for k := 0; k+1 < len(co64); k += 2 {
			offsets = append(offsets, int64(co64[k])<<32|int64(co64[k+1]))
		}
	}
	i, run := 0, 0
	for c, at := range offsets {
		for run+3 < len(stsc) && int(stsc[run+3]) <= c+1 {
			run += 3
		}
		if len(stsc) == 0 {
			return errMP4
		}
		for n := uint32(0); n < stsc[run+1] && i < len(sizes); n++ {
			end := at + int64(sizes[i])
			if at < 0 || end > int64(len(file)) {
				return fmt.Errorf("%w: sample %d lies outside the file", errMP4, i)
			}
			t.Samples[i].Data = file[at:end]
			at, i = end, i+1
		}
	}
	if i != len(sizes) {
		return fmt.Errorf("%w: %d of %d samples found", errMP4, i, len(sizes))
	}
	return nil
}
