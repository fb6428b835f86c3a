package slacktest

// fillIDs gives an id to each block and element that has none, as Slack does.
func fillIDs(blocks []any) {
	for _, b := range blocks {
		o := asObject(b)
		if o == nil {
			continue
		}
		if asText(o["block_id"]) == "" {
			o["block_id"] = newID("b")
		}
		for _, e := range elementsOf(o) {
			if asText(e["action_id"]) == "" {
				e["action_id"] = newID("a")
			}
		}
	}
}

// elementsOf are what a person can press or fill in, in one block.
func elementsOf(block object) []object {
	var found []any
	switch asText(block["type"]) {
	case "actions":
		found = asList(block["elements"])
	case "section":
		found = []any{block["accessory"]}
	case "input":
		found = []any{block["element"]}
	}
	var out []object
	for _, e := range found {
		if o := asObject(e); o != nil && asText(o["type"]) != "image" {
			out = append(out, o)
		}
	}
	return out
}
