package catalog

import "slices"

import "strings"

// decodeTelex decodes a word typed in Telex while the keyboard's Vietnamese mode
// was off ("soos" for "số", "hamf" for "hàm"). It returns the word without marks
// and in the form of Tones; ok is false when it contains no Telex. The result is
// a guess: callers use it only if the vocabulary has such a word.
func decodeTelex(w string) (folded, tones string, ok bool) {
	var base []byte          // letters without marks
	marked := map[int]byte{} // place in base -> 'a' 'e' 'o' 'd' (doubled) or 'w'
	var tone byte
	for i := range len(w) {
		c := w[i]
		vowel := lastVowel(base)
		switch {
		case c >= 0x80:
			return "", "", false
		case strings.IndexByte("sfrxj", c) >= 0 && vowel >= 0 && endsSyllable(base, vowel):
			tone, ok = c, true
			continue
		case c == 'z' && vowel >= 0:
			tone, ok = 0, true
			continue
		case c == 'w' && applyHorn(base, marked):
			ok = true
			continue
		case c == 'w' && vowel < 0: // "nhwng" is nhưng
			base = append(base, 'u')
			marked[len(base)-1], ok = 'w', true
			continue
		case (c == 'a' || c == 'e' || c == 'o') && vowel >= 0 && applyDoubling(base, marked, c):
			ok = true
			continue
		case c == 'd' && len(base) > 0 && base[0] == 'd' && marked[0] == 0:
			marked[0], ok = 'd', true
			continue
		}
		base = append(base, c)
	}
	if !ok || len(base) == 0 {
		return "", "", false
	}
	var b strings.Builder
	for i, c := range base {
		b.WriteByte(c)
		if m := marked[i]; m != 0 {
			b.WriteByte(m)
		}
	}
	if tone != 0 {
		b.WriteByte(tone)
	}
	return string(base), b.String(), true
}

// vniTones are the digits of VNI's tones in the letters of Telex.
var vniTones = map[byte]byte{'1': 's', '2': 'f', '3': 'r', '4': 'x', '5': 'j'}

// decodeVNI decodes a word typed in VNI while the keyboard's Vietnamese mode was
// off ("toa1n" for "toán", "so61" for "số"), by rewriting it as Telex. sure: it
// cannot be a word with a number directly after it, as "toan1" may be.
func decodeVNI(w string) (folded, tones string, sure, ok bool) {
	var letters []byte
	var tone byte
	marks := 0
	for i := range len(w) {
		c := w[i]
		switch {
		case c >= 'a' && c <= 'z':
			letters = append(letters, c)
			sure = sure || marks > 0 || tone != 0
			continue
		case len(letters) == 0, c == '0', c > '9':
			return "", "", false, false
		case vniTones[c] != 0 && tone == 0:
			tone = vniTones[c]
			continue
		}
		key, at := byte('w'), -1
		switch c {
		case '6':
			if at = strings.LastIndexAny(string(letters), "aeo"); at >= 0 {
				key = letters[at]
			}
		case '7':
			at = strings.LastIndexAny(string(letters), "ou")
		case '8':
			at = strings.LastIndexByte(string(letters), 'a')
		case '9':
			at, key = strings.IndexByte(string(letters), 'd'), 'd'
		}
		if at < 0 || marks == 3 { // đ, ư and ơ of "đường"
			return "", "", false, false
		}
		letters = append(letters[:at+1], append([]byte{key}, letters[at+1:]...)...)
		marks++
	}
	if tone == 0 && marks == 0 {
		return "", "", false, false
	}
	if tone != 0 {
		letters = append(letters, tone)
	}
	folded, tones, ok = decodeTelex(string(letters))
	return folded, tones, sure || marks > 0, ok
}

func isVowel(c byte) bool { return strings.IndexByte("aeiouy", c) >= 0 }

func lastVowel(b []byte) int {
	for i, v := range slices.Backward(b) {
		if isVowel(v) {
			return i
		}
	}
	return -1
}

// endsSyllable reports whether the letters after the vowel can end a Vietnamese
// syllable, so that the "s" of "class" is not taken for a tone twice.
func endsSyllable(base []byte, vowel int) bool {
	switch string(base[vowel+1:]) {
	case "", "c", "ch", "m", "n", "ng", "nh", "p", "t", "g", "h":
		return true
	}
	return false
}

// applyHorn applies a "w": ươ over "uo", else the last a, o or u.
func applyHorn(base []byte, marked map[int]byte) bool {
	for i := len(base) - 1; i >= 0; i-- {
		switch base[i] {
		case 'o', 'a', 'u':
			if marked[i] != 0 {
				return false
			}
			if base[i] == 'a' && i > 0 && base[i-1] == 'u' && (i == 1 || base[i-2] != 'q') && i == len(base)-1 {
				i-- // "muaw" is mưa, not muă
			}
			marked[i] = 'w'
			if base[i] == 'o' && i > 0 && base[i-1] == 'u' {
				marked[i-1] = 'w'
			}
			return true
		}
	}
	return false
}

// applyDoubling applies a repeated vowel ("aa", also "vana" for "vân").
func applyDoubling(base []byte, marked map[int]byte, c byte) bool {
	for i := len(base) - 1; i >= 0; i-- {
		if base[i] == c {
			if marked[i] != 0 {
				return false
			}
			marked[i] = c
			return true
		}
		if isVowel(base[i]) && i != len(base)-1 {
			return false
		}
	}
	return false
}
