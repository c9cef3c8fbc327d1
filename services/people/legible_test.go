package people

import "testing"

func TestLegible(t *testing.T) {
	for text, want := range map[string]bool{
		"Nguyễn Thị Hoa": true, "Vàng A Páo": true, "dòng một\n\tdòng hai\r\n": true, "e\u0302\u0301": true, "": true,
		"👩‍🏫":            true,
		"a\u202egpm.exe": false, "a\x00b": false, "a\x1bb": false, "\xff": false, "a\u2066b": false, "\ufeffa": false,
		"a\u0085b": false,
	} {
		if Legible(text) != want {
			t.Errorf("%q: %v", text, !want)
		}
	}
}
