package catalog

import "sync"

// Memory keeps what an engine would else read for every query, for as long as
// the index is in the state that it was read at. States are names that the
// engine never uses twice, so that what was read in a transaction that was
// rolled back is not taken for a later state.
type Memory struct {
	mu                     sync.Mutex
	vocabulary             *Vocabulary
	counts                 map[Query]Counts
	vocabularyAt, countsAt string
}

// Vocabulary of the state, read by read when it is not at hand. Several may
// read at once: waiting for one another while holding connections could
// exhaust a pool.
func (m *Memory) Vocabulary(state string, read func() (map[string]int, error)) (*Vocabulary, error) {
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

// keptCounts is for how many filters counts are kept: the grades, subjects and
// weeks that everybody's shelves ask for.
const keptCounts = 500

// Counts of the state under the filters of f, read by read when they are not
// at hand.
func (m *Memory) Counts(state string, f Query, read func(f Query) (Counts, error)) (Counts, error) {
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
	if m.countsAt != state || len(m.counts) >= keptCounts {
		m.counts, m.countsAt = map[Query]Counts{}, state
	}
	m.counts[f] = c
	m.mu.Unlock()
	return c, nil
}
