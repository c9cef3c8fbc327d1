package app

import (
	"context"

	"lenlop/services/schedule"
)

// weeklySlots lists every grade with its subjects, for the weekly rule of all of them.
func (a *App) weeklySlots(ctx context.Context) ([]schedule.Slots, error) {
	subjects, err := a.DB.Schools().Subjects(ctx)
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
