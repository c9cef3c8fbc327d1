package backup

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"filippo.io/age"

	"lenlop/services/fault"
)

func sortStrings(list []string) { slices.Sort(list) }

func damaged(err error) error { return fault.Wrap(err, fault.Malformed, "backup.damaged") }

// Vault encrypts for a target, and decrypts where it holds more than the
// public half.
type Vault struct {
	recipients []age.Recipient
	identities []age.Identity // none: what it writes it cannot read
}

// Reads reports whether the vault can open what it closed.
func (v *Vault) Reads() bool { return len(v.identities) > 0 }

// scryptWork is age's own default cost of a passphrase, as a power of two.
const scryptWork = 18

// OpenVault takes the contents of a key file: age identities
// (AGE-SECRET-KEY-...), age recipients (age1..., which can back up and not
// restore), or anything else as a passphrase. A passphrase locks a key that is
// made once for the target. Faults: "backup.no_key", "backup.wrong_key".
func OpenVault(ctx context.Context, t Target, key string, work int) (*Vault, error) {
	key = strings.TrimSpace(key)
	switch {
	case key == "":
		return nil, fault.New(fault.Invalid, "backup.no_key")
	case strings.Contains(key, "AGE-SECRET-KEY-"):
		ids, err := age.ParseIdentities(strings.NewReader(key))
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "backup.wrong_key")
		}
		return vaultOf(ids)
	case strings.HasPrefix(key, "age1"):
		rs, err := age.ParseRecipients(strings.NewReader(key))
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "backup.wrong_key")
		}
		return &Vault{recipients: rs}, nil
	}
	return withPassphrase(ctx, t, key, work)
}

func vaultOf(ids []age.Identity) (*Vault, error) {
	v := &Vault{identities: ids}
	for _, id := range ids {
		switch id := id.(type) {
		case *age.X25519Identity:
			v.recipients = append(v.recipients, id.Recipient())
		case *age.HybridIdentity:
			v.recipients = append(v.recipients, id.Recipient())
		default:
			return nil, fault.Wrap(fmt.Errorf("identity %T", id), fault.Invalid, "backup.wrong_key")
		}
	}
	return v, nil
}

// withPassphrase opens the target's own key, or makes it.
func withPassphrase(ctx context.Context, t Target, passphrase string, work int) (*Vault, error) {
	lock, err := age.NewScryptIdentity(passphrase)
	if err != nil {
		return nil, fault.Wrap(err, fault.Invalid, "backup.no_key")
	}
	r, err := t.Get(ctx, keyFile)
	if err == nil {
		defer r.Close()
		plain, err := age.Decrypt(r, lock)
		if err != nil {
			return nil, fault.Wrap(err, fault.Invalid, "backup.wrong_key")
		}
		ids, err := age.ParseIdentities(plain)
		if err != nil {
			return nil, damaged(err)
		}
		return vaultOf(ids)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, fmt.Errorf("backup key: %w", err)
	}
	to, err := age.NewScryptRecipient(passphrase)
	if err != nil {
		return nil, fmt.Errorf("backup key: %w", err)
	}
	if work <= 0 {
		work = scryptWork
	}
	to.SetWorkFactor(work)
	var locked bytes.Buffer
	w, err := age.Encrypt(&locked, to)
	if err != nil {
		return nil, fmt.Errorf("backup key: %w", err)
	}
	if _, err := io.WriteString(w, id.String()+"\n"); err != nil {
		return nil, fmt.Errorf("backup key: %w", err)
	}
	if err := w.Close(); err != nil {
		return nil, fmt.Errorf("backup key: %w", err)
	}
	if err := t.Put(ctx, keyFile, bytes.NewReader(locked.Bytes()), int64(locked.Len())); err != nil {
		return nil, err
	}
	return vaultOf([]age.Identity{id})
}

// seal opens a new file below dir that encrypts what write gives it; the
// caller removes it. Its name is gone from the folder already.
func (v *Vault) seal(dir string, write func(io.Writer) error) (_ *os.File, size int64, err error) {
	f, err := tempFile(dir)
	if err != nil {
		return nil, 0, err
	}
	defer func() {
		if err != nil {
			f.Close()
		}
	}()
	w, err := age.Encrypt(f, v.recipients...)
	if err != nil {
		return nil, 0, fmt.Errorf("encrypt: %w", err)
	}
	if err := write(w); err != nil {
		return nil, 0, err
	}
	if err := w.Close(); err != nil {
		return nil, 0, fmt.Errorf("encrypt: %w", err)
	}
	if size, err = f.Seek(0, io.SeekEnd); err != nil {
		return nil, 0, err
	}
	_, err = f.Seek(0, io.SeekStart)
	return f, size, err
}

// open decrypts; a file that was altered ends in an error before its end.
func (v *Vault) open(r io.Reader) (io.Reader, error) {
	if !v.Reads() {
		return nil, fault.New(fault.Invalid, "backup.no_key")
	}
	plain, err := age.Decrypt(r, v.identities...)
	if err != nil {
		if _, ok := errors.AsType[*age.NoIdentityMatchError](err); ok {
			return nil, fault.Wrap(err, fault.Invalid, "backup.wrong_key")
		}
		return nil, damaged(err)
	}
	return plain, nil
}

// tempFile is a file without a name: nothing is left of it, however the
// program ends.
func tempFile(dir string) (*os.File, error) {
	f, err := os.CreateTemp(dir, "backup-*")
	if err != nil {
		return nil, fmt.Errorf("file in the making: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, fmt.Errorf("file in the making: %w", err)
	}
	return f, nil
}
