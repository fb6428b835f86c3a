package main

import (
	"fmt"
	"strings"

	"twokey/actions/alicloud"
	"twokey/actions/rampolicy"
)

// grantee is whom the bot's policies are attached to: the role or user that it
// runs as.
type grantee struct {
	user bool
	name string
	made bool // the role is made here too: an ECS instance takes it on, nobody else
}

// granteeOf is what a configuration says of who the bot is; own, an ARN, goes
// before it. Nobody named is a role called twokey.
func granteeOf(a accountConfig, own string) grantee {
	arn := or(own, a.Credentials.RoleARN)
	kind, name, named := strings.Cut(arn[strings.LastIndex(arn, ":")+1:], "/")
	switch {
	case named:
		return grantee{user: kind == "user", name: name}
	case a.Credentials.Type == alicloud.FromECSRole:
		return grantee{name: or(a.Credentials.Role, "twokey"), made: true}
	}
	return grantee{}
}

// arn names the grantee as RAM does; empty if nobody is named.
func (g grantee) arn(account string) string {
	switch {
	case g.name == "":
		return ""
	case g.user:
		return "acs:ram::" + account + ":user/" + g.name
	}
	return "acs:ram::" + account + ":role/" + g.name
}

const (
	describeQuarantine = "Attached by twokey to users whose AccessKey leaked. Do not detach before the key is deleted."
	describeGroup      = "Users whose AccessKey leaked and who have no room for one more policy. twokey adds them."
	describeBot        = "What twokey may do, and what it must never do."
	describeRole       = "twokey runs as this role."
)

// trusted is the trust policy of a role that ECS instances take on (ECS docs:
// Instance RAM roles).
const trusted = `{"Statement":[{"Action":"sts:AssumeRole","Effect":"Allow","Principal":{"Service":["ecs.aliyuncs.com"]}}],"Version":"1"}`

// about says what an output makes, one line each, and what is left to do.
func (p policies) about() []string {
	lines := []string{"What twokey needs in the account " + p.account + ", made beforehand by somebody who may: it can do none of this itself."}
	if p.scope.Create {
		lines = []string{"What twokey needs in the account " + p.account + ". It makes the quarantine policy " + p.names.Policy + " and the group " + p.names.Group + " by itself: quarantine.create."}
	}
	if warning := p.warning(); warning != "" {
		lines = append(lines, warning)
	}
	switch g := p.grantee; {
	case g.made:
		lines = append(lines, "ECS instances take the role on; attach it to the instance that the bot runs on.")
	case g.name == "":
		lines = append(lines, "The configuration does not name who the bot runs as: a role twokey is taken. Say --own ARN if it is another; the policy then denies it to touch itself.")
	default:
		lines = append(lines, "Who may act as "+g.arn(p.scope.AccountID)+" is yours to say: only the policies are attached here.")
	}
	return lines
}

// terraform is a configuration for the alicloud provider (registry.terraform.io:
// alicloud_ram_policy, alicloud_ram_role, alicloud_ram_role_policy_attachment,
// alicloud_ram_user_policy_attachment). role_name and assume_role_policy_document
// are of its version 1.252.0.
func (p policies) terraform() string {
	var b strings.Builder
	for _, line := range p.about() {
		b.WriteString("# " + line + "\n")
	}
	b.WriteString("\nterraform {\n  required_providers {\n    alicloud = {\n      source  = \"aliyun/alicloud\"\n      version = \">= 1.252.0\"\n    }\n  }\n}\n")
	policy := func(label, name, description string, doc rampolicy.Document) {
		_, _ = fmt.Fprintf(&b, "\nresource \"alicloud_ram_policy\" %q {\n  policy_name     = %q\n  description     = %q\n  policy_document = <<EOF\n%s\nEOF\n}\n",
			label, name, description, indented(doc))
	}
	if !p.scope.Create {
		policy("quarantine", p.names.Policy, describeQuarantine, p.quarantine)
		label := "quarantine"
		if p.apart() {
			label = "hardened"
			policy(label, p.names.Hardened, describeQuarantine, p.hardened)
		}
		_, _ = fmt.Fprintf(&b, "\nresource \"alicloud_ram_group\" \"quarantine\" {\n  group_name = %q\n  comments   = %q\n}\n", p.names.Group, describeGroup)
		_, _ = fmt.Fprintf(&b, "\nresource \"alicloud_ram_group_policy_attachment\" \"quarantine\" {\n  policy_name = alicloud_ram_policy.%s.policy_name\n"+
			"  policy_type = alicloud_ram_policy.%s.type\n  group_name  = alicloud_ram_group.quarantine.group_name\n}\n", label, label)
	}
	g := p.grantee
	if g.made {
		_, _ = fmt.Fprintf(&b, "\nresource \"alicloud_ram_role\" \"bot\" {\n  role_name                   = %q\n  description                 = %q\n  assume_role_policy_document = <<EOF\n%s\nEOF\n}\n",
			g.name, describeRole, trusted)
	}
	for i, doc := range p.bot {
		label := strings.ReplaceAll(strings.TrimPrefix(p.botName(i), "twokey-"), "-", "_")
		policy(label, p.botName(i), describeBot, doc)
		_, _ = fmt.Fprintf(&b, "\nresource %q %q {\n  policy_name = alicloud_ram_policy.%s.policy_name\n  policy_type = alicloud_ram_policy.%s.type\n  %s\n}\n",
			g.attachment(), label, label, label, g.argument())
	}
	return b.String()
}

func (g grantee) attachment() string {
	if g.user {
		return "alicloud_ram_user_policy_attachment"
	}
	return "alicloud_ram_role_policy_attachment"
}

func (g grantee) argument() string {
	switch {
	case g.user:
		return fmt.Sprintf("user_name   = %q", g.name)
	case g.made:
		return "role_name   = alicloud_ram_role.bot.role_name"
	}
	return fmt.Sprintf("role_name   = %q", or(g.name, "twokey"))
}

// cli is the same as commands of Alibaba Cloud's CLI, whose parameters are those
// of the API (RAM docs: CreatePolicy, CreateRole, AttachPolicyToRole).
func (p policies) cli() string {
	var b strings.Builder
	b.WriteString("#!/bin/sh -e\n")
	for _, line := range p.about() {
		b.WriteString("# " + line + "\n")
	}
	policy := func(name, description, document string) {
		_, _ = fmt.Fprintf(&b, "\naliyun ram CreatePolicy --PolicyName %s \\\n  --Description %s \\\n  --PolicyDocument %s\n", quoted(name), quoted(description), quoted(document))
	}
	if !p.scope.Create {
		policy(p.names.Policy, describeQuarantine, string(p.quarantine.Canonical()))
		if p.apart() {
			policy(p.names.Hardened, describeQuarantine, string(p.hardened.Canonical()))
		}
		_, _ = fmt.Fprintf(&b, "\naliyun ram CreateGroup --GroupName %s \\\n  --Comments %s\n", quoted(p.names.Group), quoted(describeGroup))
		_, _ = fmt.Fprintf(&b, "aliyun ram AttachPolicyToGroup --PolicyType Custom --PolicyName %s --GroupName %s\n", quoted(p.names.Hardened), quoted(p.names.Group))
	}
	g := p.grantee
	if g.made {
		_, _ = fmt.Fprintf(&b, "\naliyun ram CreateRole --RoleName %s \\\n  --Description %s \\\n  --AssumeRolePolicyDocument %s\n", quoted(g.name), quoted(describeRole), quoted(trusted))
	}
	for i, doc := range p.bot {
		policy(p.botName(i), describeBot, string(doc.Canonical()))
		_, _ = fmt.Fprintf(&b, "aliyun ram %s --PolicyType Custom --PolicyName %s\n", g.attach(), quoted(p.botName(i)))
	}
	return b.String()
}

// attach is the CLI's command that attaches a policy to the grantee.
func (g grantee) attach() string {
	if g.user {
		return "AttachPolicyToUser --UserName " + quoted(g.name)
	}
	return "AttachPolicyToRole --RoleName " + quoted(or(g.name, "twokey"))
}

// quoted is a text as one word of a shell.
func quoted(text string) string {
	if !strings.ContainsFunc(text, func(r rune) bool { return !strings.ContainsRune(plain, r) }) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// plain needs no quotes in a shell.
const plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_./"
