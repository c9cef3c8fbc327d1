package transcoder

import "testing"

func TestResident(t *testing.T) {
	for _, c := range []struct {
		width, height int
		want          int64
	}{
		{0, 0, residentHD}, {640, 360, residentHD}, {1920, 1080, residentHD}, {1088, 1920, residentHD},
		{1920, 1200, residentUHD}, {3840, 2160, residentUHD}, {2160, 3840, residentUHD}, {4096, 2304, residentUHD},
		{5120, 2880, residentMost}, {7680, 4320, residentMost}, {8192, 4352, residentMost},
	} {
		if got := resident(c.width, c.height); got != c.want {
			t.Errorf("%dx%d: %d bytes, want %d", c.width, c.height, got, c.want)
		}
	}
}
