package stream

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"lenlop/services/media"
)

// leastZip is the smallest text that is compressed, bytes: below it one packet
// holds it anyhow.
const leastZip = 1000

// zippers are kept between texts: each holds most of a megabyte.
var zippers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(io.Discard, 5)
	if err != nil {
		panic(err) // 5 is a level
	}
	return w
}}

// sendText sends a text whole under its tag, compressed for those who take it:
// the playlist of a 30-minute lesson is an eighth, its captions a third. A
// range is of the plain text.
func sendText(c echo.Context, tag string, text []byte) error {
	h, r := c.Response().Header(), c.Request()
	h.Add("Vary", "Accept-Encoding")
	if len(text) >= leastZip && r.Header.Get("Range") == "" &&
		strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		var out bytes.Buffer
		z := zippers.Get().(*gzip.Writer)
		defer zippers.Put(z)
		z.Reset(&out)
		if _, err := z.Write(text); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		if err := z.Close(); err != nil {
			return fmt.Errorf("compress: %w", err)
		}
		text, tag = out.Bytes(), tag+"-gzip" // other bytes, another tag
		h.Set("Content-Encoding", "gzip")
		h.Set("Content-Length", strconv.Itoa(len(text)))
	}
	if tag != "" {
		h.Set("ETag", `"`+tag+`"`)
	}
	http.ServeContent(plain(c), r, "", time.Time{}, bytes.NewReader(text))
	return nil
}

// readText reads a stored text of at most so many bytes.
func (r Handler) readText(ctx context.Context, key string, most int64) ([]byte, media.Object, error) {
	body, o, err := r.Media.Get(ctx, key, media.All)
	if err != nil {
		return nil, o, err
	}
	defer body.Close()
	text, err := io.ReadAll(io.LimitReader(body, most+1))
	if err == nil && int64(len(text)) > most {
		err = fmt.Errorf("%s is larger than %d bytes", key, most)
	}
	if err != nil {
		return nil, o, fmt.Errorf("stream %s: %w", key, err)
	}
	return text, o, nil
}
