package s3embedded

import (
	"os"

	"github.com/versity/versitygw/backend"
	"github.com/versity/versitygw/backend/meta"
)

// attributes is versitygw's store of extended attributes with one change.
// With every joined object versitygw keeps the end of each of its parts:
// 13 KB for 20 GiB in parts of 8 MiB, where ext4 holds 4 KB. Complete
// then failed after all was copied. Nobody here reads an object by part, so
// only the upload's id is kept (mend needs it).
type attributes struct{ meta.XattrMeta }

func (a attributes) StoreAttribute(f *os.File, bucket, object, attribute string, value []byte) error {
	if attribute == joinedAttr {
		m, err := backend.UnmarshalMpUploadMetadata(value, false)
		if err != nil {
			return err
		}
		m.Parts = nil
		if value, err = backend.MarshalMpUploadMetadata(m, false); err != nil {
			return err
		}
	}
	return a.XattrMeta.StoreAttribute(f, bucket, object, attribute, value)
}
