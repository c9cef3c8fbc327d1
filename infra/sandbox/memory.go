package sandbox

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

// measureEvery is how often the memory of a command is measured.
const measureEvery = 200 * time.Millisecond

// watchMemory calls exceeded once the processes of a command have more in memory
// than limit bytes (0: DefaultResident) together. The address space, which the
// kernel limits, says little: libraries and threads reserve what they never use.
func (s *Sandbox) watchMemory(pid int, limit int64, exceeded func()) (stop func()) {
	if limit <= 0 {
		limit = DefaultResident
	}
	over := make(chan struct{})
	var wait sync.WaitGroup
	wait.Go(func() {
		tick := time.NewTicker(measureEvery)
		defer tick.Stop()
		for {
			select {
			case <-over:
				return
			case <-tick.C:
			}
			n := residentBytes(pid)
			s.most.Store(max(s.most.Load(), n))
			if n > limit {
				exceeded()
				return
			}
		}
	})
	return func() { close(over); wait.Wait() }
}

// residentBytes is what a process and all that it began have in memory.
func residentBytes(pid int) (sum int64) {
	for _, p := range descendants(pid) {
		raw, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(p), "statm"))
		if err != nil {
			continue // it has ended
		}
		if f := strings.Fields(string(raw)); len(f) > 1 {
			if pages, err := strconv.ParseInt(f[1], 10, 64); err == nil {
				sum += pages * int64(os.Getpagesize())
			}
		}
	}
	return sum
}

// descendants are a process and those that it and its own began. A name space of
// processes does not hide them from here.
func descendants(pid int) []int {
	list := []int{pid}
	for i := 0; i < len(list); i++ {
		threads, err := filepath.Glob(filepath.Join("/proc", strconv.Itoa(list[i]), "task", "*", "children"))
		if err != nil {
			continue
		}
		for _, file := range threads {
			raw, err := os.ReadFile(file)
			if err != nil {
				continue
			}
			for word := range strings.FieldsSeq(string(raw)) {
				if child, err := strconv.Atoi(word); err == nil {
					list = append(list, child)
				}
			}
		}
	}
	return list
}
