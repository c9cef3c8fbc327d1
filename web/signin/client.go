package signin

import (
	"strings"

	"lenlop/services/people"
	"lenlop/web/locale"
)

// What the names that browsers give themselves hold, the telling ones first:
// nearly all of them also claim to be Safari.
var (
	browsers = []struct{ mark, name string }{
		{"Zalo", "Zalo"}, {"FBAN", "Facebook"}, {"FBAV", "Facebook"}, {"coc_coc_browser", "Cốc Cốc"}, {"Edg", "Edge"},
		{"OPR/", "Opera"},
		{"SamsungBrowser", "Samsung Internet"}, {"UCBrowser", "UC Browser"}, {"Firefox", "Firefox"},
		{"FxiOS", "Firefox"},
		{"Chrome", "Chrome"}, {"CriOS", "Chrome"}, {"Safari", "Safari"},
	}
	systems = []struct{ mark, name string }{
		{"Android", "Android"}, {"iPhone", "iPhone"}, {"iPad", "iPad"}, {"Windows", "Windows"}, {"CrOS", "ChromeOS"},
		{"Mac OS X", "Mac"}, {"Linux", "Linux"},
	}
)

// client names what a session is used from, as far as it can be told: the name
// its person gave it, or the browser and the kind of machine.
func client(p *locale.Printer, s people.Session) string {
	if s.Name != "" {
		return s.Name
	}
	browser, system := first(browsers, s.UserAgent), first(systems, s.UserAgent)
	switch {
	case s.UserAgent == "":
		return p.T("account.unknown_client")
	case browser == "" || system == "":
		return s.UserAgent // a program's
	}
	return p.T("account.client", "browser", browser, "system", system)
}

func first(marks []struct{ mark, name string }, in string) string {
	for _, m := range marks {
		if strings.Contains(in, m.mark) {
			return m.name
		}
	}
	return ""
}
