package sqldb_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"lenlop/infra/sqldb"
	"lenlop/services/people"
)

// TestFindByWords: people are found by the beginnings of their words, with or
// without marks, within a role and a school, page by page.
func TestFindByWords(t *testing.T) {
	onEngines(t, func(t *testing.T, db *sqldb.DB) {
		ctx, store := context.Background(), db.People()
		for _, p := range []people.Person{
			{ID: "1", Username: "vang.mua", Name: "Vàng Thị A Mua",
				Grants: []people.Grant{{Role: people.Student, School: "s1"}}},
			{ID: "2", Username: "lovanvang", Name: "Lò Văn Vàng",
				Grants: []people.Grant{{Role: people.Teacher, School: "s1"}, {Role: people.Head, School: "s2"}}},
			{ID: "3", Username: "dieu", Name: "Đinh Thị Diệu",
				Grants: []people.Grant{{Role: people.Teacher, School: "s2"}}},
			{ID: "4", Username: "cuong", Name: "100% Cương_",
				Grants: []people.Grant{{Role: people.Teacher, School: "s2"}}},
		} {
			p.Active, p.CreatedAt = true, time.Now()
			if err := store.SavePerson(ctx, p); err != nil {
				t.Fatal(err)
			}
		}
		for _, x := range []struct {
			s    people.Search
			want []string
		}{
			{people.Search{Q: "vang"}, []string{"1", "2"}},
			{people.Search{Q: " VÀNG  thi "}, []string{"1"}},
			{people.Search{Q: "van lo"}, []string{"2"}},
			{people.Search{Q: "ang"}, nil}, // inside a word
			{people.Search{Q: "dinh dieu"}, []string{"3"}},
			{people.Search{Q: "lovan"}, []string{"2"}},
			{people.Search{Q: "vang.mua"}, []string{"1"}},
			{people.Search{Q: "%"}, []string{"4", "3", "1", "2"}}, // no word at all
			{people.Search{Q: "cuong_"}, []string{"4"}},
			{people.Search{Q: "vang", Role: people.Student}, []string{"1"}},
			{people.Search{Q: "vang", School: "s2"}, []string{"2"}},
			{people.Search{Q: "vang", School: "s2", Role: people.Teacher}, nil},
			{people.Search{Q: "thi", Limit: 1}, []string{"3"}},
			{people.Search{Q: "thi", Limit: 1, After: "3"}, []string{"1"}},
		} {
			list, err := store.Find(ctx, x.s)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for _, p := range list {
				got = append(got, p.ID)
			}
			if !slices.Equal(got, x.want) {
				t.Errorf("%+v: %v, want %v", x.s, got, x.want)
			}
		}
		// Renamed, they are found by the new name alone.
		p, err := store.Person(ctx, "3")
		if err != nil {
			t.Fatal(err)
		}
		p.Name = "Hoàng Thị Mỵ"
		if err := store.SavePerson(ctx, p); err != nil {
			t.Fatal(err)
		}
		for q, want := range map[string]int{"dinh": 0, "hoang my": 1} {
			if list, err := store.Find(ctx, people.Search{Q: q}); err != nil || len(list) != want {
				t.Errorf("%s: %d %v", q, len(list), err)
			}
		}
		// People from before the words were kept get them with the next start.
		if _, err := db.Writer(ctx).NewRaw("UPDATE persons SET folded = ''").Exec(ctx); err != nil {
			t.Fatal(err)
		}
		if err := db.Migrate(ctx); err != nil {
			t.Fatal(err)
		}
		if list, err := store.Find(ctx, people.Search{Q: "vang"}); err != nil || len(list) != 2 {
			t.Errorf("after a new start: %d %v", len(list), err)
		}
	})
}
