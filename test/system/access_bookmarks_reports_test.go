package system

import (
	"net/url"
	"strings"

	"lenlop/web/api"
)

// aroundForm is what the forms around a lesson send.
func aroundForm(route string) (url.Values, bool) {
	switch route {
	case "POST /lessons/:lesson/problem":
		return url.Values{"kind": {"sound"}, "text": {"Mất tiếng"}}, true
	case "POST /lessons/:lesson/problems/answer":
		return url.Values{"kind": {"sound"}, "answer": {"Đã sửa"}}, true
	}
	return nil, false
}

// aroundDocument is what the API's calls around a lesson take.
func aroundDocument(route string) (any, bool) {
	switch strings.Replace(route, api.Base, "", 1) {
	case "PUT /lessons/:lesson/bookmark":
		return map[string]any{"position": 0}, true
	case "POST /lessons/:lesson/problems":
		return map[string]any{"kind": "picture"}, true
	case "POST /lessons/:lesson/problems/answer":
		return map[string]any{"kind": "picture"}, true
	}
	return nil, false
}
