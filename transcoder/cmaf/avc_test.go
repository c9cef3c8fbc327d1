package cmaf

import (
	"bytes"
	"testing"

	"pgregory.net/rapid"
)

// config is an avcC of a High stream with units whose length takes two bytes.
var config = []byte{1, 100, 0, 31, 0xfd, 0xe1, 0, 3, 0x67, 100, 0, 1, 0, 2, 0x68, 0xee, 0xfd, 0xf8, 0xf8, 0}

func unit(kind byte, more ...byte) []byte {
	return append([]byte{0, byte(len(more) + 1), 0x60 | kind}, more...)
}

func TestClean(t *testing.T) {
	a, err := ReadAVC(config)
	if err != nil {
		t.Fatal(err)
	}
	if got := a.Config(); got[4]&3 != 3 ||
		!bytes.Equal(got[5:], []byte{0xe1, 0, 3, 0x67, 100, 0, 1, 0, 2, 0x68, 0xee, 0xfd, 0xf8, 0xf8, 0}) {
		t.Errorf("avcC % x", got)
	}
	own := append(unit(9, 0xf0), unit(6, []byte("made by a phone at home")...)...)
	sets := append([]byte{0, 3, 0x67, 100, 0}, 0, 2, 0x68, 0xee)
	clean, key, err := a.Clean(bytes.Join([][]byte{own, sets, unit(5, 1, 2, 3), unit(5, 4), unit(12, 0xff)}, nil))
	if err != nil || !key || !bytes.Equal(clean, []byte{0, 0, 0, 4, 0x65, 1, 2, 3, 0, 0, 0, 2, 0x65, 4}) {
		t.Errorf("%v, key %v, % x", err, key, clean)
	}
	if _, key, err := a.Clean(unit(1, 9)); err != nil || key {
		t.Errorf("%v, key %v", err, key)
	}
	for name, sample := range map[string][]byte{
		"other parameters": append([]byte{0, 3, 0x67, 100, 9}, unit(5, 1)...), "no picture": own,
		"data partitions": unit(2, 1), "a second view": unit(20, 1),
		"half a key": append(unit(5, 1), unit(1, 1)...), "a length beyond the end": {0, 9, 0x65}, "half a length": {0},
	} {
		if _, _, err := a.Clean(sample); err == nil {
			t.Errorf("%s: taken", name)
		}
	}
}

// TestCleanBearsAnything: whatever bytes are sent, they are refused or
// what comes out is whole units.
func TestCleanBearsAnything(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		_, _ = ReadAVC(rapid.SliceOfN(rapid.Byte(), 0, 40).Draw(t, "avcC"))
		bent := bytes.Clone(config)
		bent[rapid.IntRange(0, len(bent)-1).Draw(t, "at")] = rapid.Byte().Draw(t, "byte")
		a, err := ReadAVC(bent)
		if err != nil {
			return
		}
		if _, err := ReadAVC(a.Config()); err != nil {
			t.Fatalf("its own avcC: %v", err)
		}
		clean, _, err := a.Clean(rapid.SliceOfN(rapid.Byte(), 0, 60).Draw(t, "sample"))
		for err == nil && len(clean) > 0 {
			size := int(clean[0])<<24 | int(clean[1])<<16 | int(clean[2])<<8 | int(clean[3])
			clean = clean[4+size:]
		}
	})
}
