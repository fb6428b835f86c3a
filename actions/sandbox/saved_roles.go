package sandbox

import "time"

type savedRole struct {
	ID, Name    string
	Description string `json:",omitempty"`
	Trust       string
	Created     time.Time         `json:",omitzero"`
	Updated     time.Time         `json:",omitzero"`
	Longest     time.Duration     `json:",omitempty"`
	Attached    []savedAttachment `json:",omitempty"`
}

// savedSession holds its secrets in plain text, as a [savedKey] does.
type savedSession struct {
	KeyID, Secret, Token     string
	Role, RoleID, Name, Made string
	Expires                  time.Time
}

func (r *role) saved() savedRole {
	return savedRole{r.id, r.name, r.description, r.trust, r.created, r.updated, r.longest, each(r.attached, attachment.saved)}
}

func (s savedRole) role() *role {
	return &role{s.ID, s.Name, s.Description, s.Trust, s.Created, s.Updated, s.Longest, each(s.Attached, savedAttachment.attachment)}
}

func (s *session) saved() savedSession {
	return savedSession{s.keyID, string(s.secret), string(s.token), s.role, s.roleID, s.name, s.by, s.expires}
}

func (s savedSession) session() *session {
	return &session{s.KeyID, Secret(s.Secret), Secret(s.Token), s.Role, s.RoleID, s.Name, s.Made, s.Expires}
}
