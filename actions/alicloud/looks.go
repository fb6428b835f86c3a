package alicloud

import "sync"

// looks remember which looks went well, until they are made again. The zero value
// is ready.
type looks struct {
	mu   sync.Mutex
	went map[string]bool
}

// keptLooks bounds how many are remembered; people read them right after.
const keptLooks = 1024

func (l *looks) set(key string, well bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.went == nil || len(l.went) >= keptLooks {
		l.went = map[string]bool{}
	}
	l.went[key] = well
}

func (l *looks) made(key string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.went[key]
}
