package dingtalktest

import (
	"encoding/json"
	"slices"
	"strings"
)

// Scene is a group that the robot made of a group template, which has the robot in it.
type Scene struct {
	Group string // openConversationId
	Title string
	Owner string
	Ended bool
	uuid  string
}

// GroupTemplate is the one group template that there is.
const GroupTemplate = "3f5c7b9e-scene-template"

// makeGroup is DingTalk docs: 创建场景群. One uuid is one group.
func (o *Org) makeGroup(body []byte) object {
	var in struct {
		Title    string
		Template string `json:"template_id"`
		Owner    string `json:"owner_user_id"`
		Users    string `json:"user_ids"`
		UUID     string
	}
	switch {
	case json.Unmarshal(body, &in) != nil || in.Title == "" || len(strings.Split(in.Users, ",")) > 999:
		return object{"errcode": 40035, "errmsg": "不合法的参数"}
	case in.Template != GroupTemplate:
		return object{"errcode": 665036, "errmsg": "群模板不存在或停用"}
	case !o.staff(in.Owner):
		return object{"errcode": 40003, "errmsg": "不合法的UserID"}
	}
	i := slices.IndexFunc(o.scenes, func(s *Scene) bool { return s.uuid == in.UUID && in.UUID != "" })
	if i < 0 {
		members := slices.DeleteFunc(append(strings.Split(in.Users, ","), in.Owner), func(u string) bool { return !o.staff(u) })
		o.scenes = append(o.scenes, &Scene{Group: o.group(members), Title: in.Title, Owner: in.Owner, uuid: in.UUID})
		i = len(o.scenes) - 1
	}
	return object{"errcode": 0, "errmsg": "ok", "success": true, "result": object{"open_conversation_id": o.scenes[i].Group, "chat_id": "chat"}}
}

// Scenes are the groups that the robot made, the oldest first.
func (o *Org) Scenes() []Scene {
	o.mu.Lock()
	defer o.mu.Unlock()
	var out []Scene
	for _, s := range o.scenes {
		out = append(out, *s)
	}
	return out
}

// Members are who is in a group, besides the robot.
func (o *Org) Members(group string) []string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return slices.Clone(o.groups[group])
}

// Disband ends a group, as its owner can.
func (o *Org) Disband(group string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	delete(o.groups, group)
	for _, s := range o.scenes {
		s.Ended = s.Ended || s.Group == group
	}
	o.touch()
}

// ended reports whether there was such a group. The lock is held.
func (o *Org) ended(group string) bool {
	return slices.ContainsFunc(o.scenes, func(s *Scene) bool { return s.Group == group && s.Ended })
}
