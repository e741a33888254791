package pages

import "html/template"

// style is the whole style of all pages.
const style = `
body { font: 16px/1.5 system-ui, sans-serif; color: #1b1f24; background: #f3f4f6; margin: 0; display: grid; place-items: center; min-height: 100vh }
main { background: #fff; border: 1px solid #d5d9df; border-radius: 10px; padding: 2rem; max-width: 26rem; margin: 1rem }
h1 { font-size: 1.3rem; margin: 0 0 1rem } p { margin: 0 0 1rem; overflow-wrap: anywhere }
dl { display: grid; grid-template-columns: auto 1fr; gap: .25rem 1rem; margin: 0 0 1rem } dt { color: #57606a } dd { margin: 0; overflow-wrap: anywhere }
input { font: inherit; font-size: 1.4rem; letter-spacing: .15em; text-transform: uppercase; text-align: center; width: 100%; box-sizing: border-box; padding: .5rem; margin: 0 0 1rem; border: 1px solid #8c959f; border-radius: 6px }
button { font: inherit; padding: .5rem 1.2rem; border-radius: 6px; border: 1px solid #8c959f; background: #fff; cursor: pointer }
button.yes { background: #0b57d0; border-color: #0b57d0; color: #fff } .warn { color: #9a3412 } small { color: #57606a }
`

// pages are the templates of all pages. Values are escaped for their context.
var pages = template.Must(template.New("").Funcs(template.FuncMap{"style": func() template.HTML {
	return "<style>" + style + "</style>"
}}).Parse(`
{{define "head"}}<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>{{.}} - Latchkey</title>{{style}}</head><body><main>{{end}}
{{define "foot"}}</main></body></html>
{{end}}

{{define "device"}}{{template "head" "Sign in on a device"}}
<h1>Sign in on a device</h1>
<p>Type in the code that your device or your terminal shows.</p>
{{if .Wrong}}<p class="warn" id="error">No device waits with this code. It may have expired.</p>{{end}}
<form method="post" action="/device"><input type="hidden" name="action" value="find">
<input id="user_code" name="user_code" value="{{.Code}}" maxlength="16" autocomplete="off" autocapitalize="characters" spellcheck="false" aria-label="Code" required autofocus>
<button class="yes" id="continue">Continue</button></form>
{{template "foot"}}{{end}}

{{define "ask"}}{{template "head" "Allow access?"}}
<h1>Allow <q id="client">{{.Client}}</q> to act for you?</h1>
{{if .Device}}<dl><dt>Asked from</dt><dd id="source">{{.Source}}</dd><dt>Asked at</dt><dd>{{.At}}</dd></dl>
<p class="warn">Go on only if you started this yourself, just now, at that address, and nobody sent you the code.</p>
{{else}}<dl><dt>Goes back to</dt><dd id="target">{{.To}}{{if .Local}} (a program on this computer){{end}}</dd>{{if .Scopes}}<dt>Asks for</dt><dd>{{range .Scopes}}{{.}} {{end}}</dd>{{end}}</dl>
<p class="warn">Go on only if you started this yourself, just now. The program chose its name itself.</p>{{end}}
<p>You will sign in at your organisation's provider next.</p>
<form method="post" action="{{.Action}}"><input type="hidden" name="form" value="{{.Form}}">
<button class="yes" id="approve" name="action" value="approve">Allow</button>
<button id="deny" name="action" value="deny">Deny</button></form>
{{template "foot"}}{{end}}

{{define "done"}}{{template "head" .Title}}
<h1 id="title">{{.Title}}</h1>
<p id="message">{{.Text}}</p>
{{if .Reason}}<p><small>Reason: <span id="reason">{{.Reason}}</span>. Request: {{.Request}}</small></p>{{end}}
{{template "foot"}}{{end}}
`))
