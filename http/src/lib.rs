//! centime's HTTP/JSON edge
