package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"notify/pkg/campaign"
	"notify/pkg/channel"
	"notify/pkg/config"
	"notify/pkg/diag"
	"notify/pkg/exit"
	"notify/pkg/list"
	"notify/pkg/message"
	"notify/pkg/render"
	"notify/pkg/view"
	"notify/pkg/words"
)

// runShow shows what one row will read.
func runShow(ctx context.Context, e *env, o preflightOptions) error {
	cfg, c, err := e.inputs(ctx, o.list)
	if err != nil {
		return err
	}
	r, err := e.openList(ctx, o.list, cfg, c)
	if err != nil {
		return err
	}
	defer r.Close()
	texts, err := render.New(render.Texts{Source: c.Path, Texts: c.Texts}, r.Header().Columns)
	if err != nil {
		return err
	}
	problems := &diag.List{}
	row, err := findRow(ctx, r, o.show, problems)
	if err != nil {
		return err
	}
	p := view.Preview{List: o.list, Row: row.Number, Recipient: row.Key}
	for _, d := range problems.Kept() {
		p.Problems = append(p.Problems, e.printer().Say(d.Text()))
	}
	for _, ch := range c.Channels() {
		if err := preview(&p, cfg, texts, ch, row); err != nil {
			p.Problems = append(p.Problems, e.say("cmd.line.channel-problem", words.A{"channel": words.Of("channel", ch), "cause": words.Cause(err)}))
		}
	}
	if err := view.ShowPreview(e.printer(), e.flags.json, p); err != nil {
		return err
	}
	if len(p.Problems) > 0 {
		return quietly(exit.Failed)
	}
	return nil
}

func (e *env) openList(ctx context.Context, path string, cfg *config.Config, c *campaign.Campaign) (list.Reader, error) {
	r, err := list.Open(ctx, path, list.Options{Sheet: c.List.Sheet, Encoding: c.List.Encoding, Columns: c.List.Columns, Country: cfg.Country, Channels: cfg.Channels, Need: c.Channels()})
	if err != nil {
		return nil, listError(err)
	}
	return r, nil
}

// findRow reads up to a row; problems are that row's.
func findRow(ctx context.Context, r list.Reader, number int, problems *diag.List) (*list.Row, error) {
	var row list.Row
	for {
		var here diag.List
		err := r.Next(&row, &here)
		if errors.Is(err, io.EOF) {
			return nil, usage(words.Err("cmd.error.no-row", words.A{"list": r.Header().File, "row": fmt.Sprint(number)}).Do("cmd.do.rows", nil))
		}
		if err != nil {
			return nil, err
		}
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		if row.Number == number {
			for _, d := range here.Kept() {
				problems.Add(d)
			}
			return &row, nil
		}
	}
}

func preview(p *view.Preview, cfg *config.Config, texts *render.Renderer, ch message.Channel, row *list.Row) error {
	var m message.Message
	to := row.Address(ch)
	if to == "" {
		return words.Err("cmd.error.row-no-address", nil)
	}
	if err := texts.Render(ch, row.Values, &m); err != nil {
		return err
	}
	e := cfg.Channels.Of(ch)
	if e.Class == channel.Short {
		by := cfg.Counting(ch)
		units, rule := e.Count(m.Text, to, by)
		text := channel.WithSignature(m.Text, by.Signature)
		p.Short = append(p.Short, view.PreviewShort{
			Channel: ch, To: to, Text: text, Characters: utf8.RuneCountInString(text), Segments: units, Rule: string(rule),
		})
		return nil
	}
	mail := view.PreviewMail{Channel: ch, To: to, From: m.From, ReplyTo: m.ReplyTo, Subject: m.Subject, Text: m.Text, HTMLBytes: len(m.HTML)}
	for _, a := range m.Attachments {
		mail.Attachments = append(mail.Attachments, view.PreviewFile{Name: a.Name, Bytes: len(a.Data)})
	}
	p.Mails = append(p.Mails, mail)
	return nil
}

// someRows are what the first row, one in the middle and the last will read.
func (e *env) someRows(ctx context.Context, path string, cfg *config.Config, c *campaign.Campaign, people int) ([]view.Preview, error) {
	r, err := e.openList(ctx, path, cfg, c)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	texts, err := render.New(render.Texts{Source: c.Path, Texts: c.Texts}, r.Header().Columns)
	if err != nil {
		return nil, err
	}
	var out []view.Preview
	var row list.Row
	for n := 0; ; n++ {
		err := r.Next(&row, &diag.List{})
		if errors.Is(err, io.EOF) {
			return out, nil
		}
		if err = errors.Join(err, ctx.Err()); err != nil {
			return nil, err
		}
		if n != 0 && n != people/2 && n != people-1 {
			continue
		}
		p := view.Preview{Row: row.Number}
		for _, ch := range c.Channels() {
			_ = preview(&p, cfg, texts, ch, &row) // a check says what is wrong with a row
		}
		out = append(out, p)
	}
}
