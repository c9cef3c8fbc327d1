package backup

import (
	"errors"
	"io"
	"strings"
	"testing"

	"filippo.io/age"

	"lenlop/services/fault"
	"lenlop/test/memstore"
)

// passphraseWork keeps the tests fast; a passphrase of an installation costs 2^18.
const passphraseWork = 2

func sealed(t *testing.T, v *Vault, text string) string {
	t.Helper()
	f, size, err := v.seal(t.TempDir(), func(w io.Writer) error { _, err := io.WriteString(w, text); return err })
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	b, err := io.ReadAll(f)
	if err != nil || int64(len(b)) != size || strings.Contains(string(b), text) {
		t.Fatalf("%d bytes, said %d: %v", len(b), size, err)
	}
	return string(b)
}

func opened(t *testing.T, v *Vault, file string) (string, error) {
	t.Helper()
	r, err := v.open(strings.NewReader(file))
	if err != nil {
		return "", err
	}
	b, err := io.ReadAll(r)
	return string(b), err
}

// TestKeysOfAVault: an identity reads and writes, a recipient writes, a passphrase locks the target's own key.
func TestKeysOfAVault(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	hybrid, err := age.GenerateHybridIdentity()
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		key   string
		reads bool
	}{
		"identity":        {"# created today\n" + id.String() + "\n", true},
		"recipient":       {" " + id.Recipient().String() + "\n", false},
		"hybrid identity": {hybrid.String(), true}, "two identities": {id.String() + "\n" + hybrid.String(), false},
		"passphrase": {"một mật khẩu dài\n", true},
	} {
		target := Bucket{Store: &memstore.Media{}}
		v, err := OpenVault(t.Context(), target, c.key, passphraseWork)
		if name == "two identities" { // age forbids to mix the two kinds in one file
			if err == nil {
				_, _, err = v.seal(t.TempDir(), func(io.Writer) error { return nil })
			}
			if err == nil {
				t.Errorf("%s: sealed", name)
			}
			continue
		}
		if err != nil || v.Reads() != c.reads {
			t.Fatalf("%s: %+v %v", name, v, err)
		}
		file := sealed(t, v, "bài giảng")
		if !c.reads {
			_, err := opened(t, v, file)
			wantFault(t, name, err, fault.Invalid, "backup.no_key")
			v = &Vault{identities: []age.Identity{id}}
		}
		if text, err := opened(t, v, file); err != nil || text != "bài giảng" {
			t.Errorf("%s: opened %q, %v", name, text, err)
		}
	}
}

// TestPassphraseOpensTheSameKeyAgain: the second backup is read with the key of the first, and with no
// other passphrase.
func TestPassphraseOpensTheSameKeyAgain(t *testing.T) {
	m := &memstore.Media{}
	target := Bucket{Store: m}
	first, err := OpenVault(t.Context(), target, "một", passphraseWork)
	if err != nil {
		t.Fatal(err)
	}
	key, _ := m.Text(keyFile)
	second, err := OpenVault(t.Context(), target, "  một\n", passphraseWork)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := opened(t, second, sealed(t, first, "đề thi")); err != nil || text != "đề thi" {
		t.Errorf("opened %q, %v", text, err)
	}
	_, err = OpenVault(t.Context(), target, "hai", passphraseWork)
	wantFault(t, "another passphrase", err, fault.Invalid, "backup.wrong_key")
	if again, _ := m.Text(keyFile); again != key {
		t.Error("the target's key was written again")
	}
	m.Fail = func(string, string) error { return errDisk }
	if _, err := OpenVault(t.Context(), target, "một", passphraseWork); !errors.Is(err, errDisk) {
		t.Errorf("a target that cannot be reached: %v", err)
	}
	m.Fail = func(call, _ string) error { return map[string]error{"Put": errDisk}[call] }
	m.Delete(t.Context(), keyFile)
	if _, err := OpenVault(t.Context(), target, "một", passphraseWork); !errors.Is(err, errDisk) {
		t.Errorf("a target that cannot be written: %v", err)
	}
}

func TestKeysThatAreNone(t *testing.T) {
	for key, code := range map[string]string{
		"": "backup.no_key", " \n": "backup.no_key", "AGE-SECRET-KEY-1XYZ": "backup.wrong_key",
		"age1xyz": "backup.wrong_key",
	} {
		m := &memstore.Media{}
		_, err := OpenVault(t.Context(), Bucket{Store: m}, key, passphraseWork)
		wantFault(t, "key "+key, err, fault.Invalid, code)
		if len(m.Keys("")) != 0 {
			t.Errorf("key %q: something was written", key)
		}
	}
}

// TestFilesThatDoNotOpen: another's key is told from damage.
func TestFilesThatDoNotOpen(t *testing.T) {
	v, other := keyPair(t), keyPair(t)
	file := sealed(t, v, strings.Repeat("bài giảng", 10_000))
	_, err := opened(t, other, file)
	wantFault(t, "another key", err, fault.Invalid, "backup.wrong_key")
	_, err = opened(t, v, "plain")
	wantFault(t, "not encrypted", err, fault.Malformed, "backup.damaged")
	for name, bad := range map[string]string{
		"altered": flipLast(file), "cut": file[:len(file)-1], "cut at a chunk": file[:65*1024],
	} {
		if text, err := opened(t, v, bad); err == nil {
			t.Errorf("%s: opened %d bytes", name, len(text))
		}
	}
}

func TestSealFails(t *testing.T) {
	v := keyPair(t)
	if _, _, err := v.seal(t.TempDir()+"/none", func(io.Writer) error { return nil }); err == nil {
		t.Error("sealed in a folder that is not there")
	}
	if _, _, err := v.seal(t.TempDir(), func(io.Writer) error { return errDisk }); !errors.Is(err, errDisk) {
		t.Errorf("what writes has failed: %v", err)
	}
	if _, _, err := (&Vault{}).seal(t.TempDir(), func(io.Writer) error { return nil }); err == nil {
		t.Error("sealed for nobody")
	}
}
