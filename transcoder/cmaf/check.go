package cmaf

import (
	"encoding/binary"
	"fmt"
)

// Run is what a segment says of one track.
type Run struct {
	Track    uint32
	Start    int64 // decoding time of the first sample, in the track's timescale
	Length   int64 // sum of the samples' durations
	Samples  int
	KeyFirst bool // the first sample is a sync sample
}

// ReadSegment reads the structure of a segment written by Segment and checks
// that the samples fill its mdat exactly.
func ReadSegment(data []byte) ([]Run, error) {
	list, err := boxes(data)
	if err != nil {
		return nil, err
	}
	if len(list) != 3 || list[0].kind != "styp" || list[1].kind != "moof" || list[2].kind != "mdat" {
		return nil, fmt.Errorf("%w: a segment is styp, moof, mdat", errMP4)
	}
	parts, err := boxes(list[1].data)
	if err != nil {
		return nil, err
	}
	var runs []Run
	total := int64(0)
	for _, b := range parts {
		if b.kind != "traf" {
			continue
		}
		r, bytes, err := readRun(b.data)
		if err != nil {
			return nil, err
		}
		total += bytes
		runs = append(runs, r)
	}
	if total != int64(len(list[2].data)) {
		return nil, fmt.Errorf("%w: samples of %d bytes in an mdat of %d", errMP4, total, len(list[2].data))
	}
	return runs, nil
}

func readRun(traf []byte) (Run, int64, error) {
	var r Run
	head, err := find(traf, "tfhd")
	if err != nil || len(head) < 8 {
		return r, 0, errMP4
	}
	r.Track = binary.BigEndian.Uint32(head[4:])
	at, err := find(traf, "tfdt")
	if err != nil || len(at) < 12 || at[0] != 1 {
		return r, 0, errMP4
	}
	r.Start = int64(binary.BigEndian.Uint64(at[4:]))
	run, err := find(traf, "trun")
	if err != nil || len(run) < 12 {
		return r, 0, errMP4
	}
	r.Samples = int(binary.BigEndian.Uint32(run[4:]))
	const perSample = 16
	if r.Samples == 0 || len(run) != 12+perSample*r.Samples {
		return r, 0, fmt.Errorf("%w: run of %d samples in %d bytes", errMP4, r.Samples, len(run))
	}
	total := int64(0)
	for i := range r.Samples {
		s := run[12+perSample*i:]
		r.Length += int64(binary.BigEndian.Uint32(s))
		total += int64(binary.BigEndian.Uint32(s[4:]))
		if i == 0 {
			r.KeyFirst = binary.BigEndian.Uint32(s[8:])&0x00010000 == 0
		}
	}
	return r, total, nil
}

// InitCodecs measures CODECS (RFC 6381) from an init section.
func InitCodecs(data []byte) (string, error) {
	moov, err := find(data, "moov")
	if err != nil {
		return "", err
	}
	list, err := boxes(moov)
	if err != nil {
		return "", err
	}
	var streams []Stream
	for _, b := range list {
		if b.kind != "trak" {
			continue
		}
		stbl, err := find(b.data, "mdia", "minf", "stbl")
		if err != nil {
			return "", err
		}
		hdlr, err := find(b.data, "mdia", "hdlr")
		if err != nil || len(hdlr) < 12 {
			return "", errMP4
		}
		t := Track{Handler: string(hdlr[8:12])}
		if err := readEntry(&t, stbl); err != nil {
			return "", err
		}
		streams = append(streams, Stream{Handler: t.Handler, Config: t.Config})
	}
	return Codecs(streams)
}
