package centime.peer;

import com.fasterxml.jackson.annotation.JsonInclude;

/** CloudEvents 1.0, structured JSON: commands in, events out. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public final class Envelope<D> {
  public String specversion = "1.0";
  public String id;
  public String source;
  public String type;
  public String subject;
  public String time;
  public String datacontenttype = "application/json";
  public String causationid;
  public D data;
}
