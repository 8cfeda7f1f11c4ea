package centime.peer;

import com.fasterxml.jackson.annotation.JsonFormat;
import com.fasterxml.jackson.annotation.JsonInclude;
import java.math.BigDecimal;

/** Data of create_transaction and of transaction_created. */
@JsonInclude(JsonInclude.Include.NON_NULL)
public final class Transaction {
  public String transaction_id;
  public String transaction_type;

  @JsonFormat(shape = JsonFormat.Shape.STRING)
  public BigDecimal amount;

  public String currency;
  public String category;
  public String date;
}
