package page

import (
	"context"
	"net/url"
	"strings"

	"lenlop/web/asset"
)

// WithAssets puts the built assets into ctx, for the layout.
func WithAssets(ctx context.Context, s *asset.Set) context.Context {
	return context.WithValue(ctx, assetKey{}, s)
}

// Asset is the address of an asset by the name pages know it by.
func Asset(ctx context.Context, name string) string {
	return ctx.Value(assetKey{}).(*asset.Set).URL(name)
}

// back is where the visitor is, to return to after signing in.
func back(ctx context.Context) string {
	v := VisitOf(ctx)
	if v.Query == "" {
		return v.Path
	}
	return v.Path + "?" + v.Query
}

func escape(s string) string { return url.QueryEscape(s) }

// LocalPath gives s when it is a path of this site, else "/": a form's "back"
// must not send people elsewhere. Browsers take a backslash for a slash and
// leave control characters out ("/\t/x" is "//x" to them), so neither passes.
func LocalPath(s string) string {
	control := func(r rune) bool { return r < ' ' || r == 0x7f || r == '\\' }
	if !strings.HasPrefix(s, "/") || strings.HasPrefix(s, "//") || strings.ContainsFunc(s, control) {
		return "/"
	}
	return s
}
