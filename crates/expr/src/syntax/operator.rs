//! Operators and how strongly they bind.

/// Operators with one operand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unary {
    /// `!`.
    Bang,
    /// `not`.
    Not,
    /// `-`.
    Minus,
    /// `+`.
    Plus,
}

impl Unary {
    /// The operator and how strongly it binds.
    pub fn find(text: &str) -> Option<(Self, u16)> {
        Some(match text {
            "not" => (Unary::Not, 50),
            "!" => (Unary::Bang, 50),
            "-" => (Unary::Minus, 90),
            "+" => (Unary::Plus, 90),
            _ => return None,
        })
    }

    /// As it is written.
    pub fn text(self) -> &'static str {
        match self {
            Unary::Bang => "!",
            Unary::Not => "not",
            Unary::Minus => "-",
            Unary::Plus => "+",
        }
    }
}

/// Operators with two operands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Binary {
    Pipe,
    Or,
    And,
    Equal,
    NotEqual,
    Less,
    Greater,
    LessOrEqual,
    GreaterOrEqual,
    In,
    Matches,
    Contains,
    StartsWith,
    EndsWith,
    Range,
    Add,
    Subtract,
    Multiply,
    Divide,
    Modulo,
    Power,
    Coalesce,
}

impl Binary {
    /// How each is written, and how strongly it binds.
    const OPERATORS: &[(&'static str, Binary, u16)] = &[
        ("|", Binary::Pipe, 0),
        ("||", Binary::Or, 10),
        ("or", Binary::Or, 10),
        ("&&", Binary::And, 15),
        ("and", Binary::And, 15),
        ("==", Binary::Equal, 20),
        ("!=", Binary::NotEqual, 20),
        ("<", Binary::Less, 20),
        (">", Binary::Greater, 20),
        ("<=", Binary::LessOrEqual, 20),
        (">=", Binary::GreaterOrEqual, 20),
        ("in", Binary::In, 20),
        ("matches", Binary::Matches, 20),
        ("contains", Binary::Contains, 20),
        ("startsWith", Binary::StartsWith, 20),
        ("endsWith", Binary::EndsWith, 20),
        ("..", Binary::Range, 25),
        ("+", Binary::Add, 30),
        ("-", Binary::Subtract, 30),
        ("*", Binary::Multiply, 60),
        ("/", Binary::Divide, 60),
        ("%", Binary::Modulo, 60),
        ("**", Binary::Power, 100),
        ("^", Binary::Power, 100),
        ("??", Binary::Coalesce, 500),
    ];

    /// The operator, its spelling and how strongly it binds.
    pub fn find(text: &str) -> Option<(Self, &'static str, u16)> {
        Self::OPERATORS.iter().find(|(name, ..)| *name == text).map(|(name, op, strength)| (*op, *name, *strength))
    }

    /// Those that `not` may stand before: `not in`.
    pub fn negatable(text: &str) -> bool {
        matches!(text, "in" | "matches" | "contains" | "startsWith" | "endsWith")
    }

    /// Those of which several may follow each other: `1 < x < 5`.
    pub fn orders(self) -> bool {
        matches!(self, Binary::Less | Binary::Greater | Binary::LessOrEqual | Binary::GreaterOrEqual)
    }

    /// `a ** b ** c` is `a ** (b ** c)`.
    pub fn groups_from_the_right(self) -> bool {
        self == Binary::Power
    }
}
