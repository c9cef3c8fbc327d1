package backup

import (
	"context"
	"errors"
	"fmt"

	"lenlop/services/fault"
)

// Pruned is what Prune removed.
type Pruned struct {
	Snapshots []string // oldest first
	Objects   int64
}

// deleteAtOnce is how many names one request of S3 takes.
const deleteAtOnce = 1000

// Prune removes all but the newest keep snapshots (at least 1), and the
// objects that none of those names. A snapshot's mark of being whole goes
// first, so that one half removed is none. It reads the manifests that stay
// before it removes anything, and removes nothing when one cannot be read.
// Faults: "backup.no_key" when the vault only writes, "backup.busy" while
// a backup is running, "backup.damaged".
func (c *Copier) Prune(ctx context.Context, keep int) (res Pruned, err error) {
	if keep < 1 {
		return res, fault.New(fault.Invalid, "backup.keep_none")
	}
	if !c.Vault.Reads() {
		return res, fault.New(fault.Invalid, "backup.no_key")
	}
	h := &holding{c: c, id: pruning + c.Now().UTC().Format(snapshotTime)}
	if err := h.renew(ctx); err != nil {
		return res, err
	}
	defer func() { err = errors.Join(err, h.release(ctx)) }()
	if err := h.alone(ctx, copying, pruning); err != nil {
		return res, err
	}
	list, err := c.Snapshots(ctx)
	if err != nil {
		return res, err
	}
	stay := list[max(0, len(list)-keep):]
	if len(stay) == 0 {
		return res, nil
	}
	wanted := newSpill[string](c.Scratch)
	defer wanted.close()
	for _, s := range stay {
		whole, err := c.complete(ctx, s)
		if err == nil {
			err = c.manifest(ctx, s, whole, func(e Entry) error { return wanted.add(partOf(e.Key), e.Name) })
		}
		if err != nil {
			return res, fmt.Errorf("snapshot %s: %w", s, err)
		}
	}
	if res.Snapshots, err = c.dropSnapshots(ctx, stay); err != nil {
		return res, fmt.Errorf("snapshots: %w", err)
	}
	for part := range parts {
		if err := h.renew(ctx); err != nil {
			return res, err
		}
		n, err := c.dropObjects(ctx, part, wanted)
		res.Objects += n
		if err != nil {
			return res, fmt.Errorf("objects: %w", err)
		}
	}
	return res, nil
}

// dropSnapshots removes all snapshots but stay, and what is left of such as
// were never finished. It names those that were whole.
func (c *Copier) dropSnapshots(ctx context.Context, stay []string) (gone []string, err error) {
	kept := map[string]bool{}
	for _, s := range stay {
		kept[snapshots+s+databaseFile], kept[snapshots+s+manifestFile],
			kept[snapshots+s+completeFile] = true, true, true
	}
	var marks, rest []string
	err = c.Target.List(ctx, snapshots, func(name string) {
		if kept[name] {
			return
		}
		if s, ok := snapshotOf(name); ok {
			gone, marks = append(gone, s), append(marks, name)
		} else {
			rest = append(rest, name)
		}
	})
	if err != nil {
		return nil, err
	}
	for _, names := range [][]string{marks, rest} {
		if err := c.drop(ctx, names); err != nil {
			return nil, err
		}
	}
	sortStrings(gone)
	return gone, nil
}

func (c *Copier) dropObjects(ctx context.Context, part int, wanted *spill[string]) (int64, error) {
	kept := map[string]struct{}{}
	if err := wanted.each(part, func(name string) error { kept[name] = struct{}{}; return nil }); err != nil {
		return 0, err
	}
	var names []string
	err := c.listPart(ctx, part, func(name string) {
		if _, ok := kept[name]; !ok {
			names = append(names, name)
		}
	})
	if err == nil {
		err = c.drop(ctx, names)
	}
	if err != nil {
		return 0, err
	}
	return int64(len(names)), nil
}

func (c *Copier) drop(ctx context.Context, names []string) error {
	for len(names) > 0 {
		n := min(deleteAtOnce, len(names))
		if err := c.Target.Delete(ctx, names[:n]...); err != nil {
			return err
		}
		names = names[n:]
	}
	return nil
}
