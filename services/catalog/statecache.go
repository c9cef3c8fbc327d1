package catalog

import "sync"

// StateCache caches what an engine would otherwise read for every query, for as
// long as the index stays in the same state. The engine never uses the name of a
// state twice, so that what was read inside a transaction that rolled back is
// not mistaken for a later state.
type StateCache struct {
	mu                     sync.Mutex
	vocabulary             *Vocabulary
	counts                 map[Query]Counts
	vocabularyAt, countsAt string
}

// Vocabulary returns the vocabulary of the state and calls read when it is not
// cached. Several callers may read at once: if they waited for one another while
// holding connections, they could exhaust the pool.
func (m *StateCache) Vocabulary(state string, read func() (map[string]int, error)) (*Vocabulary, error) {
	m.mu.Lock()
	v, at := m.vocabulary, m.vocabularyAt
	m.mu.Unlock()
	if at == state {
		return v, nil
	}
	words, err := read()
	if err != nil {
		return nil, err
	}
	v = NewVocabulary(words)
	m.mu.Lock()
	m.vocabulary, m.vocabularyAt = v, state
	m.mu.Unlock()
	return v, nil
}

// maxCachedCounts is for how many filters counts are cached: enough for the
// grades, subjects and weeks that most pages list.
const maxCachedCounts = 500

// Counts returns the counts of the state under the filters of f and calls read
// when they are not cached.
func (m *StateCache) Counts(state string, f Query, read func(f Query) (Counts, error)) (Counts, error) {
	f = Query{Subject: f.Subject, Grade: f.Grade, Week: f.Week, Language: f.Language, School: f.School}
	m.mu.Lock()
	c, ok := m.counts[f]
	ok = ok && m.countsAt == state
	m.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := read(f)
	if err != nil {
		return Counts{}, err
	}
	m.mu.Lock()
	if m.countsAt != state || len(m.counts) >= maxCachedCounts {
		m.counts, m.countsAt = map[Query]Counts{}, state
	}
	m.counts[f] = c
	m.mu.Unlock()
	return c, nil
}
