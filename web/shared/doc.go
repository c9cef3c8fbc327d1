// Package shared is the pages that several roles use alike: a school's classes
// and the cards that students sign in with, the department's notices, and the
// problems that viewers report on a lesson.
package shared
