package system

import (
	"context"
	"net/url"
	"strings"

	"lenlop/services/people"
	"lenlop/services/school"
	"lenlop/web/api"
)

// organisation fills in what paths about areas, imports and classes name.
func (w *world) organisation(q *asked, path string) {
	put := func(name, id, table string) {
		q.path = strings.ReplaceAll(q.path, ":"+name, id)
		q.table, q.id = table, id
	}
	switch {
	case strings.Contains(path, ":area"):
		id := w.next("dia-ban-")
		if err := w.h.App.DB.Schools().SaveArea(context.Background(),
			school.Area{ID: id, Kind: "commune", Code: strings.ToUpper(id), Name: "Xã Mới"}); err != nil {
			w.h.T.Fatal(err)
		}
		put("area", id, "areas")
	case strings.HasPrefix(path, "/admin/imports/"), strings.HasPrefix(path, api.Base+"/roster-imports/"):
		put("import", w.rosterImport(), "roster_imports")
	case strings.HasSuffix(path, "/exports/:kind"):
		q.path = strings.ReplaceAll(q.path, ":kind", "areas.csv")
	case strings.Contains(path, ":class/students/:person"):
		id := w.rollClass()
		q.path = strings.ReplaceAll(q.path, ":person", id+"-em")
		put("class", id, "classes")
	case strings.HasPrefix(path, "/classes/:class"), path == api.Base+"/classes/:class":
		put("class", w.rollClass(), "classes")
	}
}

// areaSheet is a file that brings one new area.
func (w *world) areaSheet() string {
	return "Mã,Tên,Loại\n" + strings.ToUpper(w.next("nhap-")) + ",Xã Nhập,Xã\n"
}

func (w *world) rosterImport() string {
	p, err := w.h.App.RosterImporter.Preview(context.Background(), people.Operator(), school.ImportAreas, "dia-ban.csv",
		[]byte(w.areaSheet()))
	if err != nil {
		w.h.T.Fatal(err)
	}
	return p.Import.ID
}

// organisationForm is what a page of the organisation sends.
func (w *world) organisationForm(route string) (url.Values, bool) {
	v := func(pairs ...string) (url.Values, bool) {
		out := url.Values{}
		for i := 0; i < len(pairs); i += 2 {
			out.Set(pairs[i], pairs[i+1])
		}
		return out, true
	}
	switch route {
	case "POST /admin/areas", "POST /admin/areas/:area":
		return v("code", w.next("DB-"), "name", "Xã Mới", "kind", "commune")
	case "POST /admin/lists":
		return v("list", "textbook", "code", "bo-moi", "name", "Bộ mới")
	case "POST /admin/years":
		return v("code", "2040-2041", "from", "2040-09-05", "to", "2041-05-31", "monday", "2040-09-10")
	case "POST /classes":
		return v("school", "s1", "year", "2026-2027", "name", strings.ToUpper(w.next("9N")), "grade", "9")
	case "POST /classes/:class":
		return v("name", "9 mới", "code", strings.ToUpper(w.next("9M")), "grade", "9", "homeroom", "giao-vien")
	case "POST /classes/:class/students":
		return v("code", "99"+w.next("0000"), "name", "Em Mới")
	case "POST /classes/:class/cards":
		return v("all", "yes")
	case "POST /signin/card":
		k, cards, err := w.h.App.Office.MakeCards(context.Background(), people.Operator(), w.rollClass())
		if err != nil {
			w.h.T.Fatal(err)
		}
		return v("class", k.JoinCode, "code", cards[0].Code)
	case "POST /classes/:class/students/:person/leave", "POST /admin/imports/:import":
		return url.Values{}, true
	}
	return nil, false
}
