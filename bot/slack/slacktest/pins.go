package slacktest

import "slices"

func pinMethods() map[string]method {
	return map[string]method{
		"pins.add":       {scopes: needs("pins:write"), run: (*Workspace).pin},
		"pins.list":      {scopes: needs("pins:read"), run: (*Workspace).listPins},
		"bookmarks.add":  {scopes: needs("bookmarks:write"), run: (*Workspace).addBookmark},
		"bookmarks.list": {scopes: needs("bookmarks:read"), run: (*Workspace).listBookmarks},
		"reactions.add":  {scopes: needs("reactions:write"), run: (*Workspace).react},
	}
}

func (w *Workspace) pin(a args) (object, *refusal) {
	c, refused := w.live(a.channel())
	if refused != nil {
		return nil, refused
	}
	ts := a.text("timestamp")
	switch {
	case ts == "":
		return nil, refuse("no_item_specified")
	case c.find(ts) == nil:
		return nil, refuse("message_not_found")
	case slices.Contains(c.pins, ts):
		return nil, refuse("already_pinned")
	}
	c.pins = append(c.pins, ts)
	return object{}, nil
}

func (w *Workspace) listPins(a args) (object, *refusal) {
	c, refused := w.entered(a.channel())
	if refused != nil {
		return nil, refused
	}
	items := []object{}
	for _, ts := range c.pins {
		if m := c.find(ts); m != nil {
			items = append(items, object{"type": "message", "channel": c.ID, "message": w.messageObject(c, m, false)})
		}
	}
	return object{"items": items}, nil
}

func (w *Workspace) addBookmark(a args) (object, *refusal) {
	c, refused := w.live(a.channel())
	switch {
	case refused != nil:
		return nil, refused
	case a.text("title") == "" || a.text("type") == "":
		return nil, refuse("invalid_arguments")
	case a.text("type") == "link" && a.text("link") == "":
		return nil, refuse("invalid_link")
	}
	b := Bookmark{ID: newID("Bk"), Title: a.text("title"), Link: a.text("link"), Emoji: a.text("emoji")}
	c.bookmarks = append(c.bookmarks, b)
	return object{"bookmark": w.bookmarkObject(c, b)}, nil
}

func (w *Workspace) listBookmarks(a args) (object, *refusal) {
	c, refused := w.entered(a.channel())
	if refused != nil {
		return nil, refused
	}
	all := []object{}
	for _, b := range c.bookmarks {
		all = append(all, w.bookmarkObject(c, b))
	}
	return object{"bookmarks": all}, nil
}

func (w *Workspace) bookmarkObject(c *channel, b Bookmark) object {
	now := w.o.Now().Unix()
	return object{
		"id": b.ID, "channel_id": c.ID, "title": b.Title, "link": b.Link, "emoji": b.Emoji, "type": "link",
		"date_created": now, "date_updated": now, "app_id": w.App.ID,
	}
}

func (w *Workspace) react(a args) (object, *refusal) {
	c, refused := w.live(a.channel())
	if refused != nil {
		return nil, refused
	}
	m, name := c.find(a.text("timestamp")), a.text("name")
	switch {
	case name == "":
		return nil, refuse("invalid_name")
	case m == nil:
		return nil, refuse("message_not_found")
	case slices.Contains(m.Reactions, name):
		return nil, refuse("already_reacted")
	}
	m.Reactions = append(m.Reactions, name)
	return object{}, nil
}
