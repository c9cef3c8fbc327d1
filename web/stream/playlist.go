package stream

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/labstack/echo/v4"
)

// playlistType is the media type of RFC 8216, section 4.
const playlistType = "application/vnd.apple.mpegurl"

// playlist sends one playlist. While it grows it is asked for again each time
// (and costs nothing when it has not: 304); afterwards it lives an hour.
func (r Handler) playlist(c echo.Context, lessonID, packageID, name, token string, shared bool) error {
	text, growing, err := r.Playlists.Playlist(c.Request().Context(), lessonID, packageID, name)
	if err != nil {
		return err
	}
	if token != "" {
		text = withToken(text, token)
	}
	h := c.Response().Header()
	h.Set(echo.HeaderContentType, playlistType)
	switch {
	case growing && shared:
		h.Set("Cache-Control", "no-cache")
	case growing || !shared:
		h.Set("Cache-Control", "private, no-cache")
	default:
		h.Set("Cache-Control", "public, max-age=3600")
	}
	sum := sha256.Sum256(text)
	return sendText(c, hex.EncodeToString(sum[:12]), text)
}

// withToken adds the token to every address that a playlist names, so that a
// player without a cookie can follow it.
func withToken(text []byte, token string) []byte {
	query := "?token=" + token // base36 and base64url: nothing to escape
	lines := strings.Split(string(text), "\n")
	for i, l := range lines {
		switch {
		case l == "":
		case !strings.HasPrefix(l, "#"):
			lines[i] = l + query
		default:
			lines[i] = inAttribute(l, query)
		}
	}
	return []byte(strings.Join(lines, "\n"))
}

// inAttribute adds the query to the URI="..." of a tag, if it has one.
func inAttribute(line, query string) string {
	const start = `URI="`
	i := strings.Index(line, start)
	if i < 0 {
		return line
	}
	end := strings.IndexByte(line[i+len(start):], '"')
	if end < 0 {
		return line
	}
	end += i + len(start)
	return line[:end] + query + line[end:]
}
