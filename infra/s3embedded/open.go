package s3embedded

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/versity/versitygw/backend/meta"
	"github.com/versity/versitygw/backend/posix"

	"lenlop/services/fault"
	"lenlop/services/media"
)

// Media is a client of this server with the capability to open the file
// behind an object. It is media.Store, media.Multipart and media.Opener.
type Media struct {
	media.Store
	media.Multipart
	server *Server
}

// Media adds Open to a client that was made for this server.
func (s *Server) Media(store media.Store, multipart media.Multipart) *Media {
	return &Media{Store: store, Multipart: multipart, server: s}
}

// Open opens the file behind an object for reading. The key cannot lead out
// of the bucket's folder, nor to what is on its way into it. Replacing or
// deleting the object leaves the opened file as it was.
func (m *Media) Open(_ context.Context, key string) (*os.File, media.Object, error) {
	f, o, err := m.server.open(key)
	if err != nil {
		return nil, media.Object{}, fmt.Errorf("object %s: %w", key, err)
	}
	return f, o, nil
}

func (s *Server) open(key string) (*os.File, media.Object, error) {
	missing := fault.New(fault.NotFound, "media.not_found")
	if !fs.ValidPath(key) || key == "." || strings.Split(key, "/")[0] == posix.MetaTmpDir {
		return nil, media.Object{}, missing
	}
	f, err := s.bucket.open(key) // symbolic links cannot lead out either
	if err != nil {
		if errors.Is(err, fs.ErrNotExist) || strings.Contains(err.Error(), "escapes") {
			return nil, media.Object{}, missing
		}
		return nil, media.Object{}, fault.Wrap(err, fault.Unavailable, "media.unavailable")
	}
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		f.Close()
		return nil, media.Object{}, missing
	}
	o := media.Object{Key: key, Size: info.Size(), ModifiedAt: info.ModTime().UTC(), Meta: map[string]string{}}
	// A file without an etag was not written through this server.
	etag, err := meta.XattrMeta{}.RetrieveAttribute(f, "", "", "etag")
	if err != nil {
		f.Close()
		return nil, media.Object{}, missing
	}
	o.ETag = strings.Trim(string(etag), `"`)
	if b, err := (meta.XattrMeta{}).RetrieveAttribute(f, "", "", "content-type"); err == nil {
		o.ContentType = string(b)
	}
	return f, o, nil
}
