//! XML as AWS's Query services answer it: elements with text. Attributes, comments and instructions are passed over.

use std::borrow::Cow;

/// How deep elements may be within each other.
const DEPTH_MAX: usize = 64;

/// An element.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Element {
    /// Its name.
    pub name: String,
    /// Its own text, without white space around it.
    pub text: String,
    children: Vec<Element>,
}

impl Element {
    /// The only element of a document; `None` if this is not one.
    pub fn parse(document: &str) -> Option<Element> {
        // The elements that are open, from the outside in; around them one that stands for the document.
        let mut open = vec![Element::default()];
        let mut rest = document;
        while let Some(at) = rest.find('<') {
            let (text, tag) = rest.split_at(at);
            open.last_mut()?.text.push_str(&unescape(text));
            if let Some(raw) = tag.strip_prefix("<![CDATA[") {
                let (raw, after) = raw.split_once("]]>")?;
                open.last_mut()?.text.push_str(raw);
                rest = after;
                continue;
            }
            if let Some(comment) = tag.strip_prefix("<!--") {
                rest = comment.split_once("-->")?.1;
                continue;
            }
            let (inside, after) = tag.get(1..)?.split_once('>')?;
            rest = after;
            if inside.starts_with(['?', '!']) {
                continue;
            }
            if let Some(name) = inside.strip_prefix('/') {
                let closed = open.pop().filter(|element| element.name == name.trim_end())?;
                Element::close(closed, open.last_mut()?);
                continue;
            }
            let (inside, is_empty) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
            let name = inside.split_ascii_whitespace().next().filter(|name| inside.starts_with(*name))?;
            let element = Element { name: name.to_owned(), ..Element::default() };
            match is_empty {
                true => open.last_mut()?.children.push(element),
                false if open.len() > DEPTH_MAX => return None,
                false => open.push(element),
            }
        }
        let mut document = open.pop().filter(|_| open.is_empty())?;
        let is_one = document.children.len() == 1 && document.text.trim().is_empty() && rest.trim().is_empty();
        document.children.pop().filter(|_| is_one)
    }

    fn close(mut closed: Element, outer: &mut Element) {
        closed.text = closed.text.trim().to_owned();
        outer.children.push(closed);
    }

    /// The elements inside.
    pub fn children(&self) -> impl Iterator<Item = &Element> {
        self.children.iter()
    }

    /// The first element inside of this name.
    pub fn child(&self, name: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.name == name)
    }

    /// The text of the first element inside of this name; empty without one.
    pub fn text_of(&self, name: &str) -> &str {
        self.child(name).map_or("", |child| &child.text)
    }

    /// The members of the list of this name.
    pub fn list(&self, name: &str) -> impl Iterator<Item = &Element> {
        let list = self.child(name).map_or(&[][..], |list| &list.children);
        list.iter().filter(|child| child.name == "member")
    }
}

/// Text without entities; what is none stays as it is.
fn unescape(text: &str) -> Cow<'_, str> {
    if !text.contains('&') {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('&') {
        out.push_str(before);
        let known = after.split_once(';').and_then(|(name, after)| Some((entity(name)?, after)));
        match known {
            Some((c, after)) => {
                out.push(c);
                rest = after;
            }
            None => {
                out.push('&');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    Cow::Owned(out)
}

fn entity(name: &str) -> Option<char> {
    match name {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => {
            let number = name.strip_prefix('#')?;
            let code = match number.strip_prefix(['x', 'X']) {
                Some(digits) => u32::from_str_radix(digits, 16),
                None => number.parse(),
            };
            char::from_u32(code.ok()?)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read() {
        let document = "<?xml version=\"1.0\"?>\n<!-- a -- b --><A xmlns=\"x\"> <L><member>1</member><other/><member a='b'>\
                        <N> x &amp; &#x41;&#66; &no; &lt;<![CDATA[<&]]> </N></member></L><E/></A >\n";
        let a = Element::parse(document).expect("a document");
        let list: Vec<&Element> = a.list("L").collect();
        assert_eq!((a.name.as_str(), list.len(), list[0].text.as_str()), ("A", 2, "1"));
        assert_eq!(list[1].text_of("N"), "x & AB &no; <<&");
        assert_eq!((a.text_of("E"), a.text_of("none"), a.list("none").count()), ("", "", 0));
    }

    #[test]
    fn what_is_no_document() {
        let deep = "<a>".repeat(100) + &"</a>".repeat(100);
        let deeper = "<a>".repeat(1_000_000);
        for text in [
            "",
            "x",
            "<a>",
            "</a>",
            "<a></b>",
            "<a/><b/>",
            "<a>x</a>y",
            "<",
            "<>",
            "< a/>",
            "<a",
            "<!--",
            "{}",
            &deep,
            &deeper,
        ] {
            assert_eq!(Element::parse(text), None, "{}", &text[..text.len().min(20)]);
        }
    }
}
