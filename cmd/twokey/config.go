package main

import (
	"time"

	"twokey/actions/alicloud"
	"twokey/incident"
)

// config is the configuration file as an operator writes it. What each key means
// stands in config.example.yaml; what may stand there is checked in
// config_check.go.
type config struct {
	Listen      string            `yaml:"listen"`
	Language    string            `yaml:"language"`
	Store       storeConfig       `yaml:"store"`
	Audit       auditConfig       `yaml:"audit"`
	API         apiConfig         `yaml:"api"`
	Accounts    []accountConfig   `yaml:"accounts"`
	People      []personConfig    `yaml:"people"`
	Owners      []ownerConfig     `yaml:"owners"`
	Protected   protectedConfig   `yaml:"protected"`
	Approval    approvalConfig    `yaml:"approval"`
	Automation  automationConfig  `yaml:"automation"`
	Quarantine  quarantineConfig  `yaml:"quarantine"`
	Fence       fenceConfig       `yaml:"fence"`
	Permissions permissionsConfig `yaml:"permissions"`
	Playbook    string            `yaml:"playbook"`
	Escalation  escalationConfig  `yaml:"escalation"`
	Retention   retentionConfig   `yaml:"retention"`
	Limits      limitsConfig      `yaml:"limits"`
	Alerts      alertsConfig      `yaml:"alerts"`
	Chat        chatConfig        `yaml:"chat"`

	Links map[string]map[string]string `yaml:"links"`
}

type (
	storeConfig struct {
		Bolt     boltConfig     `yaml:"bolt"`
		Postgres postgresConfig `yaml:"postgres"`
	}
	boltConfig     struct{ Path string }
	postgresConfig struct{ DSN secret }

	auditConfig struct {
		Key   secret `yaml:"key"`
		Heads string `yaml:"heads"`
	}
	apiConfig struct{ Token secret }

	accountConfig struct {
		Name        string            `yaml:"name"`
		ID          string            `yaml:"id"`
		Mode        string            `yaml:"mode"`
		Site        string            `yaml:"site"`
		Regions     []string          `yaml:"regions"`
		Credentials credentialsConfig `yaml:"credentials"`
		Endpoints   map[string]string `yaml:"endpoints"`
		Logs        logsConfig        `yaml:"logs"`
	}
	credentialsConfig struct {
		Type            string `yaml:"type"`
		Role            string `yaml:"role"`
		RoleARN         string `yaml:"role_arn"`
		SessionName     string `yaml:"session_name"`
		ExternalID      string `yaml:"external_id"`
		OIDCProviderARN string `yaml:"oidc_provider_arn"`
		OIDCTokenFile   string `yaml:"oidc_token_path"`
		STSEndpoint     string `yaml:"sts_endpoint"`
		AccessKeyID     string `yaml:"access_key_id"`
		AccessKeySecret secret `yaml:"access_key_secret"`
	}
	logsConfig struct {
		OSS, SLS string
		Columns  map[string]string `yaml:"columns"`
	}

	personConfig struct {
		ID       string             `yaml:"id"`
		Name     string             `yaml:"name"`
		Roles    []string           `yaml:"roles"`
		Language string             `yaml:"language"`
		Email    string             `yaml:"email"`
		Age      string             `yaml:"age"`
		RAM      many[userConfig]   `yaml:"ram"`
		Slack    many[slackUser]    `yaml:"slack"`
		Lark     many[larkUser]     `yaml:"lark"`
		DingTalk many[dingtalkUser] `yaml:"dingtalk"`
	}
	userConfig   struct{ Account, User string }
	slackUser    struct{ Team, User string }
	larkUser     struct{ Tenant, User string }
	dingtalkUser struct{ Corp, User string }

	ownerConfig struct {
		Account  string         `yaml:"account"`
		User     string         `yaml:"user"`
		Person   string         `yaml:"person"`
		Receiver receiverConfig `yaml:"receiver"`
	}
	receiverConfig struct {
		Kind string    `yaml:",scalar"`
		KMS  kmsConfig `yaml:"kms"`
	}
	kmsConfig struct {
		Instance string `yaml:"instance"`
		Region   string `yaml:"region"` // of the instance; empty: the account's first
		Key      string `yaml:"key"`    // id of the instance's key; empty: the secret is there already, or KMS decides
	}
	protectedConfig struct {
		Users []userConfig `yaml:"users"`
		Roles []roleConfig `yaml:"roles"`
	}
	roleConfig struct{ Account, Role string }

	approvalConfig struct {
		People          map[string]int `yaml:"people"`
		RequesterCounts bool           `yaml:"requester_counts"`
		Window          time.Duration  `yaml:"window"`
		CrossPlatform   bool           `yaml:"cross_platform"`
		Reason          string         `yaml:"reason"`
		AloneAfter      time.Duration  `yaml:"alone_after"`
	}
	automationConfig struct {
		Cap     int           `yaml:"cap"`
		History time.Duration `yaml:"history"`
		Rules   []ruleConfig  `yaml:"rules"`
	}
	ruleConfig struct {
		When map[string]many[string] `yaml:"when"`
		Do   many[string]            `yaml:"do"`
	}
	quarantineConfig struct {
		Profile  string `yaml:"profile"`
		Policy   string `yaml:"policy"`
		Group    string `yaml:"group"`
		Hardened string `yaml:"hardened"`
		Create   bool   `yaml:"create"`
	}
	permissionsConfig struct {
		GiveBack bool `yaml:"give_back"`
	}
	fenceConfig struct {
		Ranges []string `yaml:"ranges"`
		VPCs   []string `yaml:"vpcs"`
	}

	escalationConfig struct {
		Remind  []time.Duration   `yaml:"remind"`
		Mention []incident.Person `yaml:"mention"`
		Webhook webhookConfig     `yaml:"webhook"`
	}
	webhookConfig struct {
		URL    string `yaml:"url"`
		Secret secret `yaml:"secret"`
	}
	retentionConfig struct {
		Closed time.Duration `yaml:"closed"`
		Export string        `yaml:"export"`
	}
	limitsConfig struct {
		PerSource int  `yaml:"per_source"`
		Body      size `yaml:"body"`
		Report    size `yaml:"report"`
	}

	alertsConfig struct {
		Sources []sourceConfig `yaml:"sources"`
	}
	sourceConfig struct {
		Name        string       `yaml:"name"`
		Type        string       `yaml:"type"`
		Account     string       `yaml:"account"`
		Token       many[secret] `yaml:"token"`
		Secret      many[secret] `yaml:"secret"`
		Keys        secret       `yaml:"keys"` // public ones, of GitHub's partner messages
		MayAutomate bool         `yaml:"may_automate"`
		Lookup      lookupConfig `yaml:"lookup"`
	}
	lookupConfig struct {
		Token  secret       `yaml:"token"`
		APIURL string       `yaml:"api_url"`
		Of     many[string] `yaml:"of"` // owner/repository, or an organization
	}

	chatConfig struct {
		Slack    *slackConfig    `yaml:"slack"`
		Lark     *larkConfig     `yaml:"lark"`
		DingTalk *dingtalkConfig `yaml:"dingtalk"`
	}
	slackConfig struct {
		Mode             string `yaml:"mode"`
		BotToken         secret `yaml:"bot_token"`
		AppToken         secret `yaml:"app_token"`
		SigningSecret    secret `yaml:"signing_secret"`
		Room             string `yaml:"room"`
		IncidentChannels bool   `yaml:"incident_channels"`
		APIURL           string `yaml:"api_url"`
	}
	larkConfig struct {
		Mode           string `yaml:"mode"`
		AppID          string `yaml:"app_id"`
		AppSecret      secret `yaml:"app_secret"`
		EncryptKey     secret `yaml:"encrypt_key"`
		Room           string `yaml:"room"`
		IncidentGroups bool   `yaml:"incident_groups"`
		Domain         string `yaml:"domain"`
		APIURL         string `yaml:"api_url"`
	}
	dingtalkConfig struct {
		ClientID      string `yaml:"client_id"`
		ClientSecret  secret `yaml:"client_secret"`
		RobotCode     string `yaml:"robot_code"`
		Room          string `yaml:"room"`
		Template      string `yaml:"template"`
		GroupTemplate string `yaml:"group_template"`
		GroupOwner    string `yaml:"group_owner"`
		APIURL        string `yaml:"api_url"`
		OldAPIURL     string `yaml:"oapi_url"`
	}
)

// defaults is what holds where the file is silent.
func defaults() config {
	return config{
		Listen: "127.0.0.1:8080", Language: "en",
		Store:      storeConfig{Bolt: boltConfig{Path: "twokey.db"}},
		Approval:   approvalConfig{RequesterCounts: true, Window: 30 * time.Minute, Reason: "destructive"},
		Automation: automationConfig{Cap: 3, History: 14 * 24 * time.Hour},
		Quarantine: quarantineConfig{
			Profile: "seed", Policy: alicloud.DefaultQuarantine, Group: alicloud.DefaultQuarantine, Hardened: alicloud.DefaultHardened,
		},
		Escalation: escalationConfig{Remind: []time.Duration{5 * time.Minute, 15 * time.Minute}},
		Retention:  retentionConfig{Closed: 400 * 24 * time.Hour},
		Limits:     limitsConfig{PerSource: 50, Body: 1 << 20, Report: 10 << 20},
	}
}

// What an account may be configured to.
const (
	modeAct     = "act"
	modeObserve = "observe"
	modeSandbox = "sandbox"
)

// drill reports whether every account is a pretend one; they are never mixed.
func (c *config) drill() bool { return len(c.Accounts) > 0 && c.Accounts[0].Mode == modeSandbox }
