package main

import (
	"context"

	"lenlop/services/schedule"
)

// taught lists every grade with its subjects, for the weekly rule of them all.
func (h *house) taught(ctx context.Context) ([]schedule.Slots, error) {
	subjects, err := h.db.Schools().Subjects(ctx)
	if err != nil {
		return nil, err
	}
	var list []schedule.Slots
	for _, s := range subjects {
		for g := s.FromGrade; g <= s.ToGrade; g++ {
			list = append(list, schedule.Slots{Grade: g, Subject: s.Code})
		}
	}
	return list, nil
}
