package television

import (
	"context"
	"fmt"
	"slices"

	"lenlop/services/schedule"
)

// AiringFigures reads what is known of airings, in their order.
func (s *Service) AiringFigures(ctx context.Context, airings []schedule.Airing) ([]AiringFigures, error) {
	channels, err := s.cfg.Schedule.Channels(ctx)
	if err != nil {
		return nil, fmt.Errorf("channels: %w", err)
	}
	ids := make([]string, len(airings))
	for i, a := range airings {
		ids[i] = a.ID
	}
	rows, err := s.cfg.Figures.FiguresOf(ctx, ids)
	if err != nil {
		return nil, fmt.Errorf("figures: %w", err)
	}
	of := map[string][]Figure{}
	for _, f := range rows {
		of[f.AiringID] = append(of[f.AiringID], f)
	}
	var counts map[string]CheckInCount
	if s.cfg.CheckIns != nil {
		if counts, err = s.cfg.CheckIns.CountCheckIns(ctx, ids); err != nil {
			return nil, fmt.Errorf("check-ins: %w", err)
		}
	}
	surveys, err := s.surveys(ctx, ids)
	if err != nil {
		return nil, err
	}
	out := make([]AiringFigures, len(airings))
	for i, a := range airings {
		out[i] = AiringFigures{Airing: a,
			Figures: ResolveStates(a.Outcome.Happened(), a.Outcome == schedule.Planned, of[a.ID])}
		out[i].CheckIns, out[i].Survey = counts[a.ID], surveys[a.ID]
		out[i].Codes = counts[a.ID].Devices
		if k := slices.IndexFunc(channels, func(c schedule.Channel) bool { return c.ID == a.ChannelID }); k >= 0 {
			out[i].Channel = channels[k]
		}
	}
	return out, nil
}

// NamedPersons gives the person ids known by name to have watched airings: by
// check-in or roll call.
func (s *Service) NamedPersons(ctx context.Context, airings []string) (map[string]bool, error) {
	if s.cfg.CheckIns == nil {
		return map[string]bool{}, nil
	}
	persons, err := s.cfg.CheckIns.Persons(ctx, airings)
	if err != nil {
		return nil, fmt.Errorf("persons who checked in: %w", err)
	}
	if s.cfg.RollCalls == nil {
		return persons, nil
	}
	named, err := s.cfg.RollCalls.Names(ctx, airings)
	if err != nil {
		return nil, fmt.Errorf("names of roll calls: %w", err)
	}
	for _, list := range named {
		for _, p := range list {
			persons[p] = true
		}
	}
	return persons, nil
}
