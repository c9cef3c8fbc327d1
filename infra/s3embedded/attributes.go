package s3embedded

import (
	"os"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
)

// attributes is versitygw's store of extended attributes with two changes.
//
// With every joined object versitygw keeps the end of each of its parts:
// 13 KB for 20 GiB in parts of 8 MiB, where ext4 holds 4 KB. Complete
// then failed after all was copied. Nobody here reads an object by part, so
// only the upload's id is kept (mend needs it).
//
// That attribute is the last one of a joined file before it gets its name: a
// file that is not whole is refused there, and then the parts stay.
type attributes struct {
	meta.XattrMeta
	joins *joins
}

// StoreAttribute stores one attribute of an object or of a file on its way.
func (a attributes) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if err := a.joins.step("attribute"); err != nil {
		return diskFull(err)
	}
	if attribute != joinedAttr {
		return diskFull(a.XattrMeta.StoreAttribute(f, bucket, object, attribute, value))
	}
	m, err := backend.UnmarshalMpUploadMetadata(value, false)
	if err != nil {
		return err
	}
	if f != nil {
		if err := a.joins.joinedWhole(f, m); err != nil {
			return err
		}
	}
	m.Parts = nil
	if value, err = backend.MarshalMpUploadMetadata(m, false); err != nil {
		return err
	}
	if err := a.XattrMeta.StoreAttribute(f, bucket, object, attribute, value); err != nil || f == nil {
		return diskFull(err)
	}
	return diskFull(a.joins.sync(f)) // with its attributes, before the parts go
}
