package sqldb

import (
	"slices"
	"strings"
)

// Registered is the row of a table in the registry. Everything that is done to all tables is driven from these rows:
// dumps (backup, restore, moving between engines), fsck, export and erasure of a person, retention and seed. Tests
// compare the registry with the schema of both databases: a new table, or a column that looks as if it named a person
// or an object, fails them until its row says what becomes of it.
type Registered struct {
	// Name of the table; one that ends with "*" stands for all whose names begin so.
	Name string
	// NotDumped is why a dump leaves the table out; "" when it is in it.
	NotDumped string
	// Fsck are the invariants for which fsck reads the table ("I1" to "I6", package inspection); none when its rows
	// say nothing that storage, the search index or a count must agree with.
	Fsck []string
	// Objects says which columns name an object in storage; nil when none does.
	Objects *ObjectColumns
	// People are the columns that name a person; none when the rows are about nobody.
	People []PersonColumn
	// What ends rows, at least one of three: the kinds of the jobs that delete them (Jobs), the deletion of the row of
	// another table that they refer to (With, a foreign key that cascades), or something else (Ends): the code that
	// deletes or replaces them, or the reason why they stay.
	Jobs []string
	With []string
	Ends string
	// Migrated is a condition for the rows that migrations insert; "" when they insert none.
	Migrated string
	// Province is whether "lenlop seed" fills the table.
	Province bool
}

// ObjectColumns are the columns of rows that name an object.
type ObjectColumns struct {
	Key    string
	Size   string // "" when the rows name no objects that must be there, or code of its own reads them (packages)
	SHA256 string // "" when the row does not have it
	Where  string // which rows name one; "" is all
	// What an object is, when fsck compares it with storage as a plain object; recordings and packages have rules of
	// their own. Lesson is the column with the lesson; "" for objects of no lesson.
	What, Lesson string
}

// PersonColumn is a column that names a person.
type PersonColumn struct {
	Column string
	Viewer bool // the person stands there as a viewer: "p:" and the id
	Own    bool // the row is the person's own and goes with them
	Secret bool // the row is a secret and is not given out
	// Stays is why erasing leaves the column as it is.
	Stays string
}

// covers reports whether the row is about the table.
func (r Registered) covers(table string) bool {
	if prefix, ok := strings.CutSuffix(r.Name, "*"); ok {
		return strings.HasPrefix(table, prefix)
	}
	return table == r.Name
}

// Registry gives the rows of all tables.
func Registry() []Registered { return slices.Clone(registry) }

// registered gives the row of a table; false when it has none. A release that runs on the data of the next one meets
// tables that it does not know: a dump holds them, because leaving them out would lose them.
func registered(table string) (Registered, bool) {
	i := slices.IndexFunc(registry, func(r Registered) bool { return r.covers(table) })
	if i < 0 {
		return Registered{}, false
	}
	return registry[i], true
}

// trace is a column that names a person, with its table.
type trace struct {
	table string
	PersonColumn
}

// traces are the columns that erasing changes or whose rows it deletes; staying are the others.
var traces, staying = registeredPeople(registry)

func registeredPeople(rows []Registered) (erased, stay []trace) {
	for _, r := range rows {
		for _, c := range r.People {
			if c.Stays != "" {
				stay = append(stay, trace{r.Name, c})
			} else {
				erased = append(erased, trace{r.Name, c})
			}
		}
	}
	return erased, stay
}

// notGivenOut are columns, of whatever table, that are of no use to the person and of much to a thief.
var notGivenOut = map[string]bool{"password_hash": true, "hash": true, "secret": true, "code_key": true,
	"body": true, "data": true}

// rows is the query for what, key, size and SHA-256 of a table's objects.
func (o *ObjectColumns) rows(table string) string {
	sum, where := "''", o.Key+" <> ''"
	if o.SHA256 != "" {
		sum = o.SHA256
	}
	if o.Where != "" {
		where += " AND " + o.Where
	}
	return "SELECT '" + o.What + `' AS what, ` + o.Key + ` AS "key", ` + o.Size + " AS size, " + sum +
		" AS sha256 FROM " + table + " WHERE " + where
}

// objectQuery joins the objects of the tables that pick takes, and of those the rows for which its condition holds.
func objectQuery(pick func(*ObjectColumns) (take bool, and string)) string {
	var parts []string
	for _, r := range registry {
		if r.Objects == nil || r.Objects.Size == "" {
			continue
		}
		if take, and := pick(r.Objects); take {
			parts = append(parts, r.Objects.rows(r.Name)+and)
		}
	}
	return strings.Join(parts, " UNION ALL ")
}
