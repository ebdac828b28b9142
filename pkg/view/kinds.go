package view

import (
	"strings"

	"notify/pkg/message"
	"notify/pkg/option"
	"notify/pkg/vendors"
	"notify/pkg/words"
)

// Kind is a kind of vendor, as its adapter declares it.
type Kind struct {
	Name      string            `json:"kind"`
	About     words.Text        `json:"about"`
	Channels  []message.Channel `json:"channels"` // none: as the vendor file says
	Abilities []vendors.Ability `json:"abilities"`
	Options   option.Set        `json:"options"`
}

// ShowKinds draws kinds of vendor: what each can do, and which options its accounts have.
func ShowKinds(p *Printer, asJSON bool, kinds []Kind) error {
	if asJSON {
		return JSON(p.Out, p.Words(), "notify.kinds/1", struct {
			Kinds []Kind `json:"kinds"`
		}{kinds})
	}
	say := p.Words().Say
	for i, k := range kinds {
		if i > 0 {
			p.Blank()
		}
		p.Wrapped(p.Paint(Strong, k.Name)+"  ", say(k.About))
		channels := make([]string, 0, len(k.Channels))
		for _, ch := range k.Channels {
			channels = append(channels, string(ch))
		}
		if len(channels) == 0 {
			channels = append(channels, say(words.T("kinds.channels-by-file", nil)))
		}
		p.field(say(words.T("kinds.channels", nil)), strings.Join(channels, ", "))
		abilities := make([]string, 0, len(k.Abilities))
		for _, a := range k.Abilities {
			abilities = append(abilities, say(abilityWords(a)))
		}
		if len(abilities) == 0 {
			abilities = append(abilities, say(words.T("kinds.none", nil)))
		}
		p.field(say(words.T("kinds.abilities", nil)), strings.Join(abilities, say(words.T("words.semicolon", nil))))
		p.Blank()
		p.options(k.Options)
	}
	return p.Flush()
}

func (p *Printer) options(set option.Set) {
	say := p.Words().Say
	t := NewTable("option", "need", "default", "about")
	for _, o := range set {
		need, about := words.T("kinds.optional", nil), o.About
		if o.Required {
			need = words.T("kinds.required", nil)
		}
		if o.Secret {
			about = words.T("kinds.secret", words.A{"about": o.About})
		}
		t.Row(o.Name, say(need), o.Default, say(about))
	}
	p.Table(t, 0)
}

// abilityWords says what a vendor of a kind can do.
func abilityWords(a vendors.Ability) words.Text {
	switch a {
	case vendors.CanBalance:
		return words.T("ability.balance", nil)
	case vendors.CanFind:
		return words.T("ability.find", nil)
	case vendors.CanProbe:
		return words.T("ability.probe", nil)
	case vendors.CanList:
		return words.T("ability.templates", nil)
	case vendors.CanSuppress:
		return words.T("ability.suppressed", nil)
	case vendors.CanSign:
		return words.T("ability.sign", nil)
	}
	return words.Raw(string(a))
}
