package school

// Below gives an area and all areas in it, at any depth.
func Below(areas []Area, id string) map[string]bool {
	in := map[string]bool{id: true}
	for grew := true; grew; {
		grew = false
		for _, a := range areas {
			if in[a.Parent] && !in[a.ID] && a.Parent != "" {
				in[a.ID], grew = true, true
			}
		}
	}
	return in
}
