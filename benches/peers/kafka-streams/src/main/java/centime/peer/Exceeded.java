package centime.peer;

import com.fasterxml.jackson.annotation.JsonFormat;
import java.math.BigDecimal;

/** Data of budget_exceeded. */
public final class Exceeded {
  public String category;
  public String month;

  @JsonFormat(shape = JsonFormat.Shape.STRING)
  public BigDecimal limit;

  @JsonFormat(shape = JsonFormat.Shape.STRING)
  public BigDecimal spent;

  public String transaction_id;
}
